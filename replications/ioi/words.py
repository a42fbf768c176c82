"""Names, places and objects for the templates: common English words, most of them one token in most tokenizers."""

# Deviation: own-templates
_NAMES = """
Adam Alan Albert Alex Alexander Alice Allen Amanda Amy Andrea Andrew Angela Ann Anna Anne Anthony Arthur Barbara
Ben Benjamin Beth Betty Bill Bob Brandon Brian Bruce Bryan Carl Carol Caroline Catherine Charles Charlie Charlotte
Chris Christian Christine Claire Clara Colin Craig Dale Dan Daniel David Dean Dennis Diana Diane Don Donald Dorothy
Doug Douglas Edgar Edward Eleanor Elizabeth Ellen Emily Emma Eric Eva Evan Evelyn Frances Francis Frank Fred George
Gerald Glenn Gordon Graham Greg Gregory Harold Harriet Harry Harvey Heather Helen Henry Howard Hugh Ian Jack Jacob
James Jamie Jane Janet Jason Jay Jean Jeff Jennifer Jeremy Jerry Jesse Jessica Jim Jo Joan Joe John Jon Jonathan
Joseph Josh Joshua Joy Judith Julia Julian Julie Karen Kate Katherine Kathy Keith Kelly Ken Kenneth Kevin Kim Kyle
Larry Laura Lauren Lee Leo Leon Leonard Lewis Linda Lisa Liz Louis Louise Lucy Luke Margaret Maria Marie Martha
Martin Mary Matt Matthew Max Megan Melissa Michael Michelle Mike Miriam Nancy Nathan Neil Nicholas Nick Nicole Nora
Oliver Oscar Pamela Pat Patricia Patrick Paul Peter Phil Philip Rachel Ralph Ray Rebecca Richard Rick Rob Robert
Roger Ron Ronald Roy Russell Ruth Ryan Sally Sam Samuel Sandra Sara Sarah Scott Sean Simon Sophie Stanley Stephanie
Stephen Steve Steven Stuart Susan Ted Terry Theodore Thomas Tim Timothy Todd Tom Tony Tyler Vernon Victor Victoria
Vincent Virginia Walter Wayne Wendy William
"""
NAMES = tuple(_NAMES.split())
_PLACES = "market library museum beach park hotel kitchen theater airport church village farm"
PLACES = tuple(_PLACES.split())
_OBJECTS = "book letter ticket cake key map camera coat flower present blanket pencil"
OBJECTS = tuple(_OBJECTS.split())
