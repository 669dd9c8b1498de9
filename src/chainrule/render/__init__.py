"""Renderers: one module a format. They print documents and decide nothing about them."""
