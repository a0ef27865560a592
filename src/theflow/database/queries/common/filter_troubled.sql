-- Of flows that have failed, are parked, were cancelled or reverted: few. Their index is used where its condition stands here.
AND status = :status AND (
    status = 'failed' OR status = 'parked' OR status = 'cancelled' OR status = 'reverted' OR status = 'revert_failed'
)
