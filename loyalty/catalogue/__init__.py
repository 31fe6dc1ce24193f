"""What members can choose from: the stored copy of Amazon's products, the rules of what never is a reward, prices."""
