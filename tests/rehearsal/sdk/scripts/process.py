"""A processing script: writes the number of rows, the version of scikit-learn and the arguments."""

import json
import sys
from pathlib import Path

import numpy as np
import sklearn

rows = np.genfromtxt("/opt/ml/processing/input/train.csv", delimiter=",")
found = {"rows": len(rows), "sklearn": sklearn.__version__, "arguments": sys.argv[1:]}
Path("/opt/ml/processing/output/found.json").write_text(json.dumps(found))
