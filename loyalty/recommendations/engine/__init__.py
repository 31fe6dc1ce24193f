"""What members might like, worked out at night from what all of them redeemed: EASE, a member's own past, what is in
demand lately, weighed by what followed in the programme's own last four weeks.

`train(interactions, products, as_of)` answers a `Trained`; its `members`, `similar` and `trending` are read one by one.
numpy and scipy: for the nightly job. Whoever answers a member reads what was stored.
"""

from loyalty.recommendations.engine.members import MemberScores
from loyalty.recommendations.engine.similar import SimilarProducts
from loyalty.recommendations.engine.training import Trained, train
from loyalty.recommendations.engine.trending import TrendingProduct

__all__ = ["MemberScores", "SimilarProducts", "Trained", "TrendingProduct", "train"]
