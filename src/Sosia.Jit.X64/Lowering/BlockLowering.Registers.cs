using System;
using System.Numerics;

namespace Sosia.Jit.X64.Lowering;

/// <content>
/// Which value is where. A value is in at most one place that counts: a host register or a spill slot. A pinned register always holds its guest
/// register's current value; the value that it holds moves out when the guest register is overwritten while somebody still needs it.
/// </content>
public sealed unsafe partial class BlockLowering
{
    private const int Nowhere = -1;
    private const int FirstSpill = 16;
    private const uint Temporaries = (1u << (int)Gpr.Rax) | (1u << (int)Gpr.Rcx) | (1u << (int)Gpr.Rdx) | (1u << (int)Gpr.Rsi) | (1u << (int)Gpr.Rdi);

    private readonly int[] _held = new int[16];
    private readonly int[] _slotOf = [-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1];
    private ulong _spillsUsed;
    private bool _isGivenUp;

    // Registers that the instruction being emitted uses: not to be given to anything else.
    private uint _locked;

    // A register without a value, for the instruction being emitted or for a value to be placed in it.
    private Gpr Take()
    {
        uint free = Temporaries & ~_locked;
        int best = -1;
        int farthest = -1;
        while (free != 0)
        {
            int register = BitOperations.TrailingZeroCount(free);
            free &= free - 1;
            int value = _held[register];
            if (value < 0)
            {
                best = register;
                break;
            }

            if (_lastUse[value] > farthest)
            {
                farthest = _lastUse[value];
                best = register;
            }
        }

        if (best < 0)
        {
            throw new InvalidOperationException("An instruction needs more host registers than there are.");
        }

        if (_held[best] >= 0)
        {
            Spill(best);
        }

        _locked |= 1u << best;
        return (Gpr)best;
    }

    // A certain temporary, for an instruction that knows no other.
    private void TakeThis(Gpr register)
    {
        if (_held[(int)register] >= 0)
        {
            Spill((int)register);
        }

        _locked |= 1u << (int)register;
    }

    private void Spill(int register)
    {
        int value = _held[register];
        int spill = BitOperations.TrailingZeroCount(~_spillsUsed);
        if (spill >= GuestLayout.SpillCount)
        {
            // A guest can write such a block: its code is thrown away, and it stays interpreted.
            _isGivenUp = true;
            spill = 0;
        }

        _spillsUsed |= 1UL << spill;
        _a.Mov(64, State(_layout.SaveArea + ((FirstSpill + spill) * 8)), (Gpr)register);
        _location[value] = FirstSpill + spill;
        _held[register] = -1;
    }

    // The register that holds a value, brought into one if need be; locked for this instruction.
    private Gpr Register(int value)
    {
        int location = _location[value];
        if (location is >= 0 and < FirstSpill)
        {
            _locked |= 1u << location;
            return (Gpr)location;
        }

        Gpr register = Take();
        if (location >= FirstSpill)
        {
            _a.Mov(64, register, State(_layout.SaveArea + (location * 8)));
            _spillsUsed &= ~(1UL << (location - FirstSpill));
        }
        else if (_ir[value].Op == IrOp.Constant)
        {
            _a.MovImmediate(register, (long)_ir[value].Immediate);
        }
        else
        {
            throw new InvalidOperationException($"Value {value} ({_ir[value].Op}) is used before it is there.");
        }

        Place(value, register);
        return register;
    }

    private void Place(int value, Gpr register)
    {
        _held[(int)register] = value;
        _location[value] = (int)register;
    }

    // Where to put the result of an instruction: the pinned register that it is about to be written to, if that works out, else a temporary.
    private Gpr Destination(int at)
    {
        int slot = SlotWrittenNext(at);
        if (slot >= 0 && _layout.Pinned[slot] is { } pinned)
        {
            VacatePinned(pinned, at);
            _locked |= 1u << (int)pinned;
            return pinned;
        }

        return Take();
    }

    // Looks ahead for the write of this value to a guest register, with nothing between that could see the register's old value.
    private int SlotWrittenNext(int at)
    {
        for (int i = at + 1; i < _ir.Count && i < at + 24; i++)
        {
            ref IrInstruction next = ref _ir[i];
            bool isRoot = IsRoot(next.Op);
            if (next.Op == IrOp.WriteSlot && next.A == at)
            {
                int slot = (int)next.Immediate;
                return _layout.Pinned[slot] is { } pinned && !IsUsedBetween(_held[(int)pinned], at, i) ? slot : -1;
            }

            if (isRoot || next.Op == IrOp.ReadSlot)
            {
                return -1;
            }
        }

        return -1;
    }

    private bool IsUsedBetween(int value, int from, int to)
    {
        if (value < 0)
        {
            return false;
        }

        for (int i = from + 1; i < to; i++)
        {
            if (_needed[i] && (_ir[i].A == value || _ir[i].B == value || _ir[i].C == value))
            {
                return true;
            }
        }

        return false;
    }

    // The guest register that this host register holds is about to change: the value that is in it moves if it is needed after this instruction.
    private void VacatePinned(Gpr pinned, int at)
    {
        int value = _held[(int)pinned];
        if (value < 0 || _location[value] != (int)pinned)
        {
            _held[(int)pinned] = -1;
            return;
        }

        _held[(int)pinned] = -1;
        if (_lastUse[value] <= at)
        {
            // Operands of this very instruction are still read from here.
            return;
        }

        Gpr copy = Take();
        _a.Mov(64, copy, pinned);
        Place(value, copy);
        _locked &= ~(1u << (int)copy);
    }

    private void ReleaseDead(int at)
    {
        for (int register = 0; register < 16; register++)
        {
            int value = _held[register];
            if (value >= 0 && _lastUse[value] <= at && _slotOf[register] < 0)
            {
                _held[register] = -1;
                _location[value] = Nowhere;
            }
        }

        if (_spillsUsed != 0)
        {
            ReleaseDeadSpills(at);
        }
    }

    private void ReleaseDeadSpills(int at)
    {
        for (int value = 0; value <= at; value++)
        {
            int location = _location[value];
            if (location >= FirstSpill && _lastUse[value] <= at)
            {
                _spillsUsed &= ~(1UL << (location - FirstSpill));
                _location[value] = Nowhere;
            }
        }
    }
}
