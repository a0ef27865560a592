-- Of flows that have failed, are parked, were cancelled or reverted; here the index is of a column that is empty for all others.
AND trouble = :status
