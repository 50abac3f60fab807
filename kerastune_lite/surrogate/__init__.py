"""The model of the objective: points as rows, losses warped, a Gaussian process over them. numpy and scipy only."""
