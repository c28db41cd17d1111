"""Words in, a brief out: `read` says what it understood, and names what it did not.

>>> read("a folk song that only uses A, B, C#, F# and G").understood
(('folk song', 'genre folk'), ('only uses A, B, C#, F# and G', 'only C# F# G A B'))
"""

from symbolic_music.prompt.words import Reading, read

__all__ = ["Reading", "read"]
