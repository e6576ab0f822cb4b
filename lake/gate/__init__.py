"""The gate between bronze and silver: types and checks all new loads of a call as one frame.

Two passes. The first computes for every row only whether it breaks any rule; the second decodes, for the rejected rows
alone, which rules and why. Nothing raises for a bad row. Each row ends in exactly one of: valid, rejected (it broke a
rule of severity error), duplicate (``on_duplicate: latest``: it broke nothing, but a later row of its load has its
key, and its version where the contract has a version column), or a refused load. A load is refused whole when it loses
more than the contract's share, or brings an unknown column under ``freeze``; its rows are then in neither frame, unless
it is in ``accept``.

What becomes of a field that the contract does not know, and of a value of the wrong type, by ``evolution``:

=============  =====================================================  ========================
policy         unknown field with a value                              value of the wrong type
=============  =====================================================  ========================
evolve         kept in ``_extra``, reported in ``unknown_columns``     row rejected
freeze         its load refused (accepted: as ``evolve``)              row rejected
discard_row    row rejected by rule ``<field>.unknown``                row rejected
discard_value  dropped, counted as ``<field>.unknown``                 nulled and counted
=============  =====================================================  ========================

A missing column is null in every row. A null in the primary key is a missing value, never a duplicate.
"""

from lake.gate.gating import Gated, gate

__all__ = ["Gated", "gate"]
