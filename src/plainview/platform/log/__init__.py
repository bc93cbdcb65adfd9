"""The journal's leaves as a transparency log (C2SP tlog-tiles): tree, checkpoints, promises, proofs."""
