"""From a decoded picture to a reading: bundle, network, classifier, heat map."""
