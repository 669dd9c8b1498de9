"""For tests of one's own: a back-propagation that is wrong fails them, with the mistake by its name."""

from chainrule.testing.backprop import assert_backprop as assert_backprop
