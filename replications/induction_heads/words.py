"""Words for readers to type in the browser; the phrase language gives them no meaning."""

WORDS = (
    "apple", "bear", "bell", "bird", "boat", "bread", "cake", "cat", "chair", "cloud", "coat", "corn", "crow",
    "cup", "deer", "desk", "dog", "door", "drum", "duck", "egg", "fern", "fig", "fish", "flag", "fox", "frog",
    "goat", "grass", "hat", "hill", "horse", "iron", "jar", "key", "king", "lake", "lamp", "leaf", "lemon",
    "lion", "moon", "moss", "nest", "oak", "owl", "pear", "pen", "pie", "plum", "pond", "rain", "ring",
    "road", "rose", "salt", "sand", "ship", "snow", "star", "stone", "tree", "wind", "wolf",
)  # fmt: skip
