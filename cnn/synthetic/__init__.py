"""Drawn faces with known expression, box and 68 landmarks; and the same in the files of FER2013, FER+ and AffectNet.

Nothing is downloaded and nobody is shown: every face is painted from curves and chance, and the same seed paints
the same face. `expressions` moves the muscles, `people` invents the person, `geometry` turns the head, `features`,
`hair` and `belongings` paint, `face` puts it together, `pictures` makes photographs of it.
"""

from cnn.synthetic.affectnet import write_affectnet
from cnn.synthetic.expressions import NAMES
from cnn.synthetic.face import DrawnFace, draw_face
from cnn.synthetic.fer2013 import write_fer2013
from cnn.synthetic.pictures import crop_face

__all__ = ["NAMES", "DrawnFace", "crop_face", "draw_face", "write_affectnet", "write_fer2013"]
