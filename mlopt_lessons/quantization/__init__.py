"""Lesson 5: quantization, from a recipe card's digits to int8 kernels."""
