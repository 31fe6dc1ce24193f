"""Support: members found and seen whole, what staff may do to orders, two memberships that become one."""
