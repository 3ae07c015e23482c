"""The program of an image that replaces one of AWS: it runs inside of the container.

It is copied into the image and depends on the packages of the image alone.
"""
