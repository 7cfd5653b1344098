"""Drawn faces with known expression, box and 68 landmarks; and the same in the layouts of the datasets that we read.

Nothing is downloaded and nobody is shown: every face is painted from curves and chance, and the same seed paints
the same face. `expressions` moves the muscles, `people` invents the person, `geometry` turns the head, `features`,
`hair` and `belongings` paint, `face` puts it together, `pictures` makes photographs of it.
"""

from cnn.synthetic.affectnet import write_affectnet
from cnn.synthetic.affectnet_npy import write_affectnet_npy
from cnn.synthetic.affectnet_plus import write_affectnet_plus
from cnn.synthetic.class_folders import write_class_folders
from cnn.synthetic.expressions import NAMES
from cnn.synthetic.face import DrawnFace, draw_face
from cnn.synthetic.fer2013 import write_fer2013
from cnn.synthetic.pictures import crop_face
from cnn.synthetic.sequences import write_ckplus, write_mpi

__all__ = [
    "NAMES",
    "DrawnFace",
    "crop_face",
    "draw_face",
    "write_affectnet",
    "write_affectnet_npy",
    "write_affectnet_plus",
    "write_ckplus",
    "write_class_folders",
    "write_fer2013",
    "write_mpi",
]
