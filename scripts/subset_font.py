"""Remakes the font of the HTML pages: the part of STIX Two Math that formulas use, as WOFF2.

pip install fonttools brotli
npm pack @fontsource/stix-two-math@5.3.0 && tar xzf fontsource-stix-two-math-5.3.0.tgz
python scripts/subset_font.py package

`package` is the folder that npm's archive unpacks to; font and licence are written to src/chainrule/render/page/.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parent.parent / "src/chainrule/render/page"
SOURCE = "files/stix-two-math-latin-400-normal.woff2"

LETTERS = (
    "U+20-7E,U+A0,U+A8,U+AC,U+AF,U+B0,U+B1,U+B2,U+B3,U+B5,U+B7,U+B9,U+D7,U+F7,"  # ASCII and the signs of Latin-1
    "U+131,U+237,U+302-304,U+307,U+308,U+391-3A9,U+3B1-3C9,U+3D1,U+3D5,U+3F5,"  # dotless letters, accents, Greek
    "U+1D400-1D433,U+1D434-1D467,U+210E,U+1D6A4,U+1D6A5,"  # bold, italic; ℎ; dotless italic
    "U+1D6A8-1D6E1,U+1D6E2-1D71B,U+1D7CE-1D7D7"  # bold and italic Greek, bold digits
)
SIGNS = "‖′″…‑–—⁠⁡⁢⊤⋮⋯⋱∂∇∏∑∈∉∝∞√∣∥∼≈≔≠≡≤≥≪≫⊙⊗⊕−∗∘⋅←→↔⇐⇒⇔↦⌈⌉⌊⌋⟨⟩ℓℝˆ˜˙⃗⁻⁰⁴⁵⁶⁷⁸⁹⁺₀₁₂₃₄₅₆₇₈₉½"


def main(package: Path) -> None:
    """Write the subset and the licence."""
    signs = ",".join(f"U+{ord(sign):X}" for sign in SIGNS)
    subprocess.run(
        [
            *(sys.executable, "-m", "fontTools.subset", package / SOURCE),
            f"--unicodes={LETTERS},{signs}",
            "--layout-features=ssty",  # letters drawn for the size of scripts
            "--flavor=woff2",
            f"--output-file={PAGE / 'stix-two-math.woff2'}",
        ],
        check=True,
    )
    shutil.copy(package / "LICENSE", PAGE / "stix-two-math.LICENSE.txt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
