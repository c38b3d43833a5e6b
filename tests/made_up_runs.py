"""Runs with chosen numbers, for tests of what is done with runs. None of them was trained."""

from __future__ import annotations

import dataclasses

import numpy as np

from labkit.records.run import DataStamp, Mistakes, Run
from labkit.records.signature import Signature


def made_up_run(accuracy: float = 0.9, **changes) -> Run:
    """Return a run of two epochs on three classes whose test accuracy is `accuracy`."""
    run = Run(
        experiment="99/made-up",
        budget="full",
        seed=0,
        status="finished",
        signature=Signature(("epochs: 2",)),
        dataset=DataStamp(
            "mnist", {"name": "mnist"}, "mirror", {"train": 100, "test": 30}, "f" * 64
        ),
        parameters=1234,
        trainable_parameters=1200,
        history={
            "loss": (0.5, 0.25),
            "data_loss": (0.4, 0.2),
            "val_loss": (0.6, 0.5),
            "val_data_loss": (0.5, 0.4),
            "accuracy": (0.8, 0.95),
            "val_accuracy": (0.7, 0.85),
        },
        metrics={
            "train": {"loss": 0.3, "data_loss": 0.2, "accuracy": 0.97},
            "validation": {"loss": 0.5, "data_loss": 0.4, "accuracy": 0.85},
            "test": {"loss": 0.5, "data_loss": 0.4, "accuracy": accuracy},
        },
        seconds=12.5,
        seconds_per_epoch=(5.0, 6.0),
        confusion=np.array([[9, 1, 0], [0, 10, 0], [2, 0, 8]]),
        mistakes=Mistakes(
            images=np.zeros((3, 8, 8, 1), np.uint8),
            labels=np.array([0, 2, 2]),
            predictions=np.array([1, 0, 0]),
            confidences=np.array([0.9, 0.8, 0.7]),
        ),
        measures={"near_zero": 0.25, "weights": np.array([1, 2, 1])},
        provenance={"device": "2 CPU cores (Made-up)", "finished": "2026-11-21T12:00:00+00:00"},
    )
    return dataclasses.replace(run, **changes)


def replicated(*accuracies: float, **changes) -> Run:
    """Return the run of seed 0 with one replicate an accuracy, seeds 0, 1, 2 …"""
    runs = tuple(made_up_run(one, seed=seed, **changes) for seed, one in enumerate(accuracies))
    return dataclasses.replace(runs[0], replicates=runs, is_replayed=True)
