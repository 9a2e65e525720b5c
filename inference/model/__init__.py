"""From a decoded picture to a prediction: bundle, network, classifier, heat map."""
