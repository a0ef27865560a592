"""What every test shares: properties are judged by their claim, never by the speed of the machine."""

from hypothesis import settings

settings.register_profile("theflow", deadline=None)
settings.load_profile("theflow")
