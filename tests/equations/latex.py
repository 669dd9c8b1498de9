"""LaTeX as the plain text that says the same."""

from __future__ import annotations

import re

DISPLAYED = r"equation\*?|align\*?|aligned|gather\*?|gathered|multline\*?|displaymath"
LAYOUT = rf"\\(?:begin|end)\{{(?:{DISPLAYED}|split)\}}"
MATHEMATICS = re.compile(
    rf"\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\\((.+?)\\\)|\\begin\{{(?:{DISPLAYED})\}}(.+?)\\end\{{(?:{DISPLAYED})\}}|(?<!\\)\$([^$]+?)(?<!\\)\$",
    re.DOTALL,
)
LATEX = re.compile(r"\\begin\{\w+\*?\}|\\end\{\w+\*?\}|\\[A-Za-z]+\*?|\\.|\{,\}|[{}^_&]|\d+|\s+|.", re.DOTALL)
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "eta": "η", "lambda": "λ", "mu": "μ",
    "rho": "ρ", "sigma": "σ", "pi": "π", "theta": "θ", "partial": "∂", "tau": "τ", "omega": "ω", "phi": "φ", "kappa": "κ", "ell": "ℓ",
}  # fmt: skip
SIGNS = {
    "cdot": "·", "times": "·", "odot": "⊙", "approx": "≈", "gets": "←", "leftarrow": "←", "infty": "∞", "lfloor": "⌊", "rfloor": "⌋",
    "lvert": "|", "rvert": "|", "vert": "|", "lVert": "‖", "rVert": "‖", "Vert": "‖", "dots": "…", "ldots": "…", "cdots": "…",
    "vdots": "⋮",
    "ddots": "⋱", "tanh": "tanh", "ln": "ln", "max": "max", "min": "min", "exp": "exp", "sin": "sin", "cos": "cos", "lbrack": "[",
    "rbrack": "]",
    "top": "ᵀ", "prime": "′", "sum": "Σ", "le": "≤", "ge": "≥", "gt": ">", "lt": "<", "|": "‖", "intercal": "ᵀ", "cosh": "cosh",
}  # fmt: skip
SILENT = {
    "left", "right", "bigl", "bigr", "Bigl", "Bigr", "big", "Big", "quad", "qquad", ",", ";", ":", "!", " ", "displaystyle", "textstyle",
    "limits", "nolimits", "middle", "mathopen", "mathclose", "mathbin", "mathrel", "mathord", "allowbreak",
}  # fmt: skip
STYLES = {
    "mathbf", "mathrm", "mathit", "mathsf", "boldsymbol", "bm", "text", "textbf", "textrm", "textit", "operatorname", "mathop", "symbf",
}  # fmt: skip
ACCENTS = {"hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "bar": "\u0304", "dot": "\u0307", "ddot": "\u0308", "vec": "\u20d7"}
SPACED = {",": ", ", ";": "; ", "-": " − "} | {sign: f" {sign} " for sign in "=+>−≈·"}
RAISED = str.maketrans("0123456789()+′", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁺′")


class Latex:
    """LaTeX of formulas in the plain text that is read above."""

    def __init__(self, source: str) -> None:
        self.found, self.position = LATEX.findall(source), 0

    def peek(self) -> str:
        while self.position < len(self.found) and self.found[self.position].isspace():
            self.position += 1
        return self.found[self.position] if self.position < len(self.found) else ""

    def take(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def until(self, *ends: str) -> str:
        parts = []
        while self.peek() and self.peek() not in ends:
            parts.append(self.item())
        return "".join(parts)

    def group(self) -> str:
        """What stands between braces, or the next token."""
        if self.peek() != "{":
            return self.item().strip()
        self.take()
        content = self.until("}")
        self.take()
        return content.strip()

    def words(self) -> str:
        """What stands between braces, with its spaces."""
        if self.peek() != "{":
            return self.item()
        self.take()
        depth, words = 1, ""
        while self.position < len(self.found):
            token = self.found[self.position]
            self.position += 1
            depth += (token == "{") - (token == "}")
            if not depth:
                break
            words += {"\\_": "_", "\\ ": " "}.get(token, token)
        return words

    def item(self) -> str:
        token = self.take()
        if token == "{":
            content = self.until("}")
            self.take()
            return self.marked(content)
        if token == "{,}":
            return ","
        if token.startswith("\\"):
            return self.command(token[1:])
        if token in "&":
            return " "
        if token.isdigit():
            return self.numeral(token)
        if token.isalpha():
            return self.marked(token)
        if token in ")]|":
            return self.script(token)
        return SPACED.get(token, token)

    def numeral(self, digits: str) -> str:
        if self.peek() == "^":
            return self.script(digits)
        return digits

    def script(self, base: str) -> str:
        """A base with a power or a transpose."""
        if self.peek() != "^":
            return base
        self.take()
        above = self.group()
        return f"{base}ᵀ" if above in ("ᵀ", "T") else f"{base}^({above})"

    def marked(self, letter: str) -> str:
        """A letter with what hangs on it; what is raised and no mark is a power."""
        below, above, power = "", "", ""
        while self.peek() in ("_", "^", "′", "'"):
            mark = self.take()
            if mark in "′'":
                above += "′"
            elif mark == "_":
                below = self.group().replace(" ", "")
            else:
                content = self.group()
                if content in ("ᵀ", "T"):
                    power += "ᵀ"
                elif re.fullmatch(r"(?:\(\d+\)|\[\d+\]|\+|′|\s)+", content):
                    above += re.sub(r"\[(\d+)\]", r"ˢ\1", content.replace(" ", "")).translate(RAISED)
                else:
                    power += f"^({content})"
        if letter == "Σ":
            return f"Σ_{below} " if below else "Σ "
        return f"{named(letter, below, above)}{power}"

    def command(self, name: str) -> str:
        if name.startswith("begin"):
            return self.environment(name[6:-1])
        if name in SILENT:
            if name in ("left", "right") and self.peek() == ".":
                self.take()
            return " " if name in ("quad", "qquad") else ""
        if name in ("frac", "tfrac", "dfrac"):
            return self.fraction()
        if name == "sqrt":
            return self.script(f"√({self.group()})")
        if name in ("textcolor", "colorbox"):
            self.words()
            return self.marked(self.group())
        if name == "color":
            self.words()
            return ""
        if name in STYLES:
            return self.marked(self.words() if name in ("text", "textrm", "operatorname", "mathrm") else self.group())
        if name in ACCENTS:
            return self.marked(f"{self.group()}{ACCENTS[name]}")
        if name in GREEK:
            return GREEK[name] if name == "partial" else self.marked(GREEK[name])
        if name in ("{", "}", "&", "_", "%", "$", "#"):
            return name
        if name == "sum":
            return self.marked("Σ")
        sign = SIGNS.get(name, f" \\{name} ")
        if name in ("rvert", "rfloor", "vert", "rbrack"):
            return self.script(sign)
        return f" {sign} " if sign in "·⊙≈←>" else sign

    def fraction(self) -> str:
        above, below = self.group(), self.group()
        return f"{above}/{below}" if above.startswith("∂") and below.startswith("∂") else f"(({above})/({below}))"

    def environment(self, name: str) -> str:
        if name == "array":
            self.words()
        rows = [[""]]
        while self.peek() and not self.peek().startswith("\\end"):
            token = self.peek()
            if token == "&":
                self.take()
                rows[-1].append("")
            elif token == "\\\\":
                self.take()
                rows.append([""])
            else:
                rows[-1][-1] += self.item()
        self.take()
        table = [[cell.strip() for cell in line] for line in rows if any(cell.strip() for cell in line)]
        if name == "cases":
            (first, condition), (second, _) = table
            words = re.sub(r"^\s*(?:if|wenn)\s*", "", condition)
            return f"{{{first.rstrip(' ,')} if {words.rstrip(' ,')}, otherwise {second.rstrip(' ,')}}}"
        return self.script(f"[{'; '.join('[' + '; '.join(line) + ']' for line in table)}]")


def named(letter: str, below: str, above: str) -> str:
    """A symbol as the plain text writes it."""
    if not below:
        return f"{letter}{above}"
    if "," in below:
        return f"{letter}{above}[{below}]"
    joint = "_" if letter[-1:].isdigit() or not below[:1].isdigit() else ""
    return f"{letter}{joint}{below}{above}"


def plain_text(latex: str) -> str:
    """A formula of LaTeX as plain text."""
    return re.sub(r" {2,}", " ", Latex(latex).until().replace("lncosh", "ln cosh")).strip()
