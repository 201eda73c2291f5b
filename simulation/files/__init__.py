"""The one room that writes files: whole or absent, one form of number, one form of JSON, one manifest per folder."""
