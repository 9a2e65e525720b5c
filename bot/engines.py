"""Models, pools and FAQ, which take long to load."""

import asyncio
from typing import NamedTuple

from bot import hospital
from bot.settings import Settings
from faq.answer import Faq, load
from inference.heart.bundle import default_heart
from inference.heart.patient_reading import HeartReader
from inference.model.bundle import default_bundle
from inference.model.classifier import Classifier
from inference.upload.decoder import DecoderPool
from reports.pdf.pool import PdfPool


class Engines(NamedTuple):
    """Models, pools and FAQ, which take long to load; several applications may share them."""

    classifier: Classifier
    hearts: HeartReader
    decoder: DecoderPool
    shadow: Classifier | None
    faq: Faq
    pdf: PdfPool

    async def close(self) -> None:
        await self.pdf.close()
        await asyncio.to_thread(self.decoder.close)


async def load_engines(settings: Settings) -> Engines:
    """Load the engines; the PDF processes start later. Raises BundleError for a damaged model."""
    decoder = DecoderPool()
    classifier = await asyncio.to_thread(Classifier.load, settings.bundle or default_bundle())
    hearts = await asyncio.to_thread(HeartReader.load, default_heart())
    shadow = await asyncio.to_thread(Classifier.load, settings.silent_bundle) if settings.silent_bundle else None
    faq = await asyncio.to_thread(load, contacts=hospital.for_faq(settings))
    return Engines(classifier, hearts, decoder, shadow, faq, PdfPool(settings.press_workers))
