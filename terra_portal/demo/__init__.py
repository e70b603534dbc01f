"""The demo: portal, worker, beat and sandbox wearable on one machine, started by `./run demo`."""
