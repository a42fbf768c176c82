"""The words of the captions: a name for each class, and others that name none of them."""

CLASS_WORDS = ("trouser", "pullover", "coat", "bag")

# Short, common, and none of them a name of something to wear or carry.
_OTHERS = """
    rabbit window garden river orange table cloud pencil music butter yellow market bridge summer candle forest
    island kitchen letter mountain number ocean paper planet rocket silver spring sugar thunder tiger valley
    village winter wizard anchor apple bottle camera castle cherry dinner dragon engine farmer flower guitar
    hammer honey insect jungle ladder lemon magnet mirror monkey needle onion palace parrot pepper pillow puzzle
    salmon school shadow spider stone storm street temple ticket tomato tunnel turtle violin wagon water zebra cab
    moon lake bird fish tree corn rain snow sand leaf lamp door ship drum
"""
OTHER_WORDS = tuple(_OTHERS.split())
