-- Of one user.
AND user_name = :user_name
