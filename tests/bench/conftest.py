import sys
from pathlib import Path

# The benchmarks are scripts, not a package: their folder has to be on the path, as when they run.
sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
