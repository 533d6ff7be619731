"""HTML for cells' outputs in which a dollar sign is a dollar."""


def markup(html: str) -> str:
    """HTML in which JupyterLab looks for no formulas, so that "$24 or $7" stays as it is."""
    return f'<div class="mathjax_ignore">{html}</div>'
