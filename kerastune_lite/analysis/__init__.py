"""The numbers behind every view of a study: functions of its history, for plots, the command line and TensorBoard."""
