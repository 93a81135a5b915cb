from .certificates import certify as certify
from .content import Content as Content
from .content import read_content as read_content
from .predictions import evaluate as evaluate
from .predictions import simulate as simulate
