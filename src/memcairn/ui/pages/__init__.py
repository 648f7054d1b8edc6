"""The pages: each function turns a request into the values of a template, or into an action.

Actions call the functions of CLI and MCP, and return the address of the next page.
"""
