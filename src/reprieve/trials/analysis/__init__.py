"""What is done with the scores of a trial: ANCOVA, MMRM, responders, time to loss of response."""
