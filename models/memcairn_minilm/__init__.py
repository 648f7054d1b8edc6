"""Where the files of the model are; there is no code to run here.

data/model.onnx      all-MiniLM-L6-v2, int8; inputs input_ids, attention_mask, token_type_ids;
                     output last_hidden_state, float32 [batch, tokens, 384]
data/tokenizer.json  its WordPiece tokenizer, as published
data/manifest.json   the name of this very version, and the sha256 of each file
"""

from pathlib import Path

FOLDER = Path(__file__).parent / "data"
