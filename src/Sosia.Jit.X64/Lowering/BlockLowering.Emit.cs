namespace Sosia.Jit.X64.Lowering;

/// <content>The code of each operation.</content>
public sealed unsafe partial class BlockLowering
{
    // What the host's flags say just now: of which subtraction, or of which result.
    private FlagSource _flagSource;
    private int _flagA;
    private int _flagB;
    private int _flagWidth;

    private enum FlagSource : byte
    {
        Unknown,
        Subtraction,
        Logic,
        Sum,
        Entry,
    }

    private void EmitInstruction(int i, int byteCount)
    {
        ref IrInstruction n = ref _ir[i];
        switch (n.Op)
        {
            case IrOp.Constant:
                // Made where it is used.
                break;
            case IrOp.ReadSlot:
                EmitReadSlot(i, (int)n.Immediate);
                break;
            case IrOp.WriteSlot:
                EmitWriteSlot(i, (int)n.Immediate, n.A);
                break;
            case IrOp.ReadState:
                Gpr read = Destination(i);
                _a.Mov(64, read, State((int)n.Immediate));
                Place(i, read);
                break;
            case IrOp.WriteState:
                StoreValue((int)n.Immediate, n.A);
                break;
            case IrOp.GuestLoad or IrOp.GuestStore or IrOp.GuestWritable or IrOp.GuestReadable:
                EmitGuestAccess(i, ref n);
                break;
            case IrOp.HostLoad:
                EmitHostLoad(i, n.Width, new Mem(Register(n.A)));
                break;
            case IrOp.HostStore:
                EmitHostStore(n.Width, new Mem(Register(n.A)), n.B);
                break;
            case IrOp.HostCompareExchange:
                EmitHostCompareExchange(i, ref n);
                break;
            case IrOp.Add or IrOp.Subtract or IrOp.And or IrOp.Or or IrOp.Xor or IrOp.Multiply:
                EmitArithmetic(i, ref n);
                break;
            case IrOp.MultiplyHighUnsigned or IrOp.MultiplyHighSigned:
                EmitMultiplyHigh(i, ref n);
                break;
            case IrOp.Divide:
                EmitDivide(i, ref n);
                break;
            case IrOp.Remainder:
                // Placed by the division.
                break;
            case IrOp.Not:
                Gpr inverted = CopyToDestination(i, n.A);
                _a.Unary(UnaryOperation.Not, n.Width, inverted);
                Place(i, inverted);
                break;
            case IrOp.ShiftLeft or IrOp.ShiftRight or IrOp.ShiftRightArithmetic:
                EmitShift(i, ref n);
                break;
            case IrOp.RotateLeft:
                Gpr turned = Register(n.A);
                Gpr rotated = DestinationFrom(i, n.A);
                _a.Rorx(n.Width, rotated, turned, n.Width - (int)_ir[n.B].Immediate);
                Place(i, rotated);
                break;
            case IrOp.ZeroExtend or IrOp.SignExtend:
                EmitExtension(i, ref n);
                break;
            case IrOp.Insert:
                EmitInsert(i, ref n);
                break;
            case IrOp.Equal or IrOp.LessUnsigned:
                EmitSetCondition(i, n.A, n.B, 64, n.Op == IrOp.Equal ? Condition.Zero : Condition.Below);
                break;
            case IrOp.Compare:
                EmitSetCondition(i, n.A, n.B, n.Width, (Condition)n.Auxiliary);
                break;
            case IrOp.Test:
                EmitSetCondition(i, n.A, -1, n.Width, (Condition)n.Auxiliary);
                break;
            case IrOp.EntryCondition:
                EmitEntryFlags();
                Gpr held = Take();
                _a.Setcc((Condition)n.Auxiliary, held);
                _a.Movzx(32, held, 8, held);
                Place(i, held);
                break;
            case IrOp.Select:
                EmitSelect(i, ref n);
                break;
            case IrOp.LeadingZeros or IrOp.TrailingZeros or IrOp.PopCount:
                Gpr counted = Register(n.A);
                Gpr count = Destination(i);
                _a.BitCount(
                    n.Op == IrOp.LeadingZeros ? BitCountOperation.Lzcnt : n.Op == IrOp.TrailingZeros ? BitCountOperation.Tzcnt : BitCountOperation.Popcnt,
                    64,
                    count,
                    counted);
                ForgetFlags();
                Place(i, count);
                break;
            case IrOp.ReverseBytes:
                Gpr reversed = CopyToDestination(i, n.A);
                _a.Bswap(64, reversed);
                Place(i, reversed);
                break;
            case IrOp.AddCarries or IrOp.SubtractCarries:
                EmitCarries(i, ref n);
                break;
            case IrOp.Vector:
                EmitVector(i, ref n);
                break;
            case IrOp.X87:
                EmitX87(i, ref n);
                break;
            case IrOp.X87Instruction:
                EmitX87Instruction(ref n);
                break;
            case IrOp.X87Operand:
                EmitX87Operand(ref n);
                break;
            case IrOp.ClearUpperHalves:
                EmitClearUpperHalves((int)n.Immediate, n.Auxiliary);
                break;
            default:
                EmitControl(i, ref n, byteCount);
                break;
        }
    }

    private void ForgetFlags() => _flagSource = FlagSource.Unknown;

    private void EmitReadSlot(int i, int slot)
    {
        if (_layout.Pinned[slot] is { } pinned)
        {
            Place(i, pinned);
            return;
        }

        Gpr register = Destination(i);
        _a.Mov(64, register, State(_layout.SlotOffsets[slot]));
        Place(i, register);
    }

    private void EmitWriteSlot(int i, int slot, int value)
    {
        bool isConstant = _ir.IsConstant(value, out ulong constant);
        if (_layout.Pinned[slot] is not { } pinned)
        {
            StoreValue(_layout.SlotOffsets[slot], value);
            return;
        }

        int location = _location[value];
        if (location == (int)pinned)
        {
            _held[(int)pinned] = value;
            return;
        }

        if (isConstant && location == Nowhere)
        {
            VacatePinned(pinned, i);
            _a.MovImmediate(pinned, (long)constant);
            return;
        }

        Gpr source = Register(value);
        VacatePinned(pinned, i);
        _a.Mov(64, pinned, source);
        if (_slotOf[(int)source] < 0)
        {
            // The value moves in, so that the temporary is free again.
            _held[(int)source] = -1;
            Place(value, pinned);
        }
    }

    private void StoreValue(int offset, int value)
    {
        if (_ir.IsConstant(value, out ulong constant) && (long)constant == (int)constant)
        {
            _a.Mov(64, State(offset), (int)constant);
        }
        else
        {
            _a.Mov(64, State(offset), Register(value));
        }
    }

    private void EmitGuestAccess(int i, ref IrInstruction n)
    {
        bool isWrite = n.Op is IrOp.GuestStore or IrOp.GuestWritable;
        int byteCount = n.Width / 8;
        Gpr address = Register(n.A);
        bool hasImmediate = n.Op != IrOp.GuestStore || TryImmediate(n.B, n.Width, out _);
        Gpr source = n.Op == IrOp.GuestStore && !hasImmediate ? Register(n.B) : Gpr.Rsp;
        Gpr entry = Take();
        Gpr page = Take();
        var access = new SideExitAccess(address, byteCount, isWrite, _a.ExecuteAddress(_a.Position));
        // The entry's offset is its number, from the address's bits 12 and up, times 32.
        _a.Mov(64, entry, address);
        _a.Shift(ShiftOperation.Shr, 64, entry, 12 - 5);
        _a.Alu(AluOperation.And, 32, entry, (_layout.TlbEntryCount - 1) << 5);
        _a.Alu(AluOperation.Add, 64, entry, State(_layout.DataTlb));
        // The tag of the last byte's page: an access that straddles two pages does not match.
        _a.Lea(64, page, new Mem(address, byteCount - 1));
        _a.Alu(AluOperation.And, 64, page, -4096);
        _a.Alu(AluOperation.Cmp, 64, page, new Mem(entry, isWrite ? 8 : 0));
        ForgetFlags();
        _a.Jcc(Condition.NotZero, ExitLabel(i, access));
        _a.Mov(64, entry, new Mem(entry, 16));
        switch (n.Op)
        {
            case IrOp.GuestLoad:
                _locked &= ~(1u << (int)page);
                EmitHostLoad(i, n.Width, new Mem(entry, address));
                break;
            case IrOp.GuestStore:
                EmitHostStore(n.Width, new Mem(entry, address), n.B, source);
                break;
            default:
                _a.Alu(AluOperation.Add, 64, entry, address);
                Place(i, entry);
                break;
        }
    }

    private void EmitHostLoad(int i, int width, in Mem memory)
    {
        Gpr destination = Destination(i);
        if (width < 32)
        {
            _a.Movzx(32, destination, width, memory);
        }
        else
        {
            _a.Mov(width, destination, memory);
        }

        Place(i, destination);
    }

    private void EmitHostStore(int width, in Mem memory, int value, Gpr source = Gpr.Rsp)
    {
        if (TryImmediate(value, width, out int immediate))
        {
            _a.Mov(width, memory, immediate);
        }
        else
        {
            _a.Mov(width, memory, source == Gpr.Rsp ? Register(value) : source);
        }
    }

    private void EmitHostCompareExchange(int i, ref IrInstruction n)
    {
        // What is in RAX now moves out, so that neither operand is there.
        TakeThis(Gpr.Rax);
        Gpr host = Register(n.A);
        Gpr value = Register(n.B);
        LoadInto(Gpr.Rax, n.C);
        _a.Lock();
        _a.Cmpxchg(n.Width, new Mem(host), value);
        ForgetFlags();
        _a.Jcc(Condition.NotZero, ExitLabel(i));
    }

    private void EmitArithmetic(int i, ref IrInstruction n)
    {
        int a = n.A;
        int b = n.B;
        int width = n.Width;
        bool hasImmediate = TryImmediate(b, width, out int immediate);
        Gpr x = Register(a);
        Gpr y = hasImmediate ? Gpr.Rsp : Register(b);
        Gpr destination = DestinationFrom(i, a);
        if (n.Op == IrOp.Add && destination != x && (hasImmediate || destination != y))
        {
            _a.Lea(width, destination, hasImmediate ? new Mem(x, immediate) : new Mem(x, y));
            Place(i, destination);
            return;
        }

        if (n.Op == IrOp.Multiply && hasImmediate)
        {
            _a.Imul(width, destination, x, immediate);
            ForgetFlags();
            Place(i, destination);
            return;
        }

        if (!hasImmediate && destination == y && x != y)
        {
            if (n.Op == IrOp.Subtract)
            {
                // The destination holds the subtrahend: the difference is made elsewhere first.
                Gpr other = Take();
                _a.Mov(64, other, x);
                _a.Alu(AluOperation.Sub, width, other, y);
                _a.Mov(64, destination, other);
                SetFlagSource(FlagSource.Subtraction, a, b, width);
                Place(i, destination);
                return;
            }

            (x, y) = (y, x);
        }

        if (destination != x)
        {
            _a.Mov(width, destination, x);
        }

        if (n.Op == IrOp.Multiply)
        {
            _a.Imul(width, destination, y);
            ForgetFlags();
        }
        else
        {
            AluOperation operation = n.Op switch
            {
                IrOp.Add => AluOperation.Add,
                IrOp.Subtract => AluOperation.Sub,
                IrOp.And => AluOperation.And,
                IrOp.Or => AluOperation.Or,
                _ => AluOperation.Xor,
            };
            if (hasImmediate)
            {
                _a.Alu(operation, width, destination, immediate);
            }
            else
            {
                _a.Alu(operation, width, destination, y);
            }

            switch (n.Op)
            {
                case IrOp.Subtract:
                    SetFlagSource(FlagSource.Subtraction, a, b, width);
                    break;
                case IrOp.Add:
                    SetFlagSource(FlagSource.Sum, i, -1, width);
                    break;
                default:
                    SetFlagSource(FlagSource.Logic, i, -1, width);
                    break;
            }
        }

        Place(i, destination);
    }

    private void EmitMultiplyHigh(int i, ref IrInstruction n)
    {
        Gpr x = Register(n.A);
        Gpr y = Register(n.B);
        if (y == Gpr.Rdx)
        {
            (x, y) = (y, x);
        }

        if (x != Gpr.Rdx)
        {
            TakeThis(Gpr.Rdx);
            _a.Mov(64, Gpr.Rdx, x);
        }

        Gpr destination = Take();
        _a.Bmi(BmiOperation.Mulx, 64, destination, destination, y);
        if (n.Op == IrOp.MultiplyHighSigned)
        {
            // Less each factor where the other is negative.
            Gpr other = Take();
            _a.Mov(64, other, x);
            _a.Shift(ShiftOperation.Sar, 64, other, 63);
            _a.Alu(AluOperation.And, 64, other, y);
            _a.Alu(AluOperation.Sub, 64, destination, other);
            _a.Mov(64, other, y);
            _a.Shift(ShiftOperation.Sar, 64, other, 63);
            _a.Alu(AluOperation.And, 64, other, x);
            _a.Alu(AluOperation.Sub, 64, destination, other);
            ForgetFlags();
        }

        Place(i, destination);
    }

    private void EmitDivide(int i, ref IrInstruction n)
    {
        // RDX:RAX is the dividend, so that the divisor must be elsewhere; what is there now moves out.
        TakeThis(Gpr.Rax);
        TakeThis(Gpr.Rdx);
        Gpr divisor = Register(n.C);
        LoadInto(Gpr.Rax, n.B);
        LoadInto(Gpr.Rdx, n.A);
        Gpr test = Take();
        Label wide = _a.NewLabel();
        Label done = _a.NewLabel();
        // Half as wide is several times as fast on many hosts.
        _a.Mov(64, test, Gpr.Rax);
        _a.Alu(AluOperation.Or, 64, test, divisor);
        _a.Shift(ShiftOperation.Shr, 64, test, 32);
        _a.Alu(AluOperation.Or, 64, test, Gpr.Rdx);
        _a.Jcc(Condition.NotZero, wide);
        _a.Unary(UnaryOperation.Div, 32, divisor);
        _a.Jmp(done);
        _a.Bind(wide);
        _a.Unary(UnaryOperation.Div, 64, divisor);
        _a.Bind(done);
        ForgetFlags();
        Place(i, Gpr.Rax);
        if (i + 1 < _ir.Count && _ir[i + 1].Op == IrOp.Remainder && _ir[i + 1].A == i)
        {
            Place(i + 1, Gpr.Rdx);
        }
    }

    // Puts a value in a certain register, besides where it is.
    private void LoadInto(Gpr register, int value)
    {
        if (_ir.IsConstant(value, out ulong constant))
        {
            _a.MovImmediate(register, (long)constant);
        }
        else if (_location[value] >= FirstSpill)
        {
            _a.Mov(64, register, State(_layout.SaveArea + (_location[value] * 8)));
        }
        else
        {
            _a.Mov(64, register, (Gpr)_location[value]);
        }
    }

    private void EmitShift(int i, ref IrInstruction n)
    {
        Gpr x = Register(n.A);
        if (_ir.IsConstant(n.B, out ulong count))
        {
            Gpr shifted = DestinationFrom(i, n.A);
            if (shifted != x)
            {
                _a.Mov(64, shifted, x);
            }

            _a.Shift(n.Op == IrOp.ShiftLeft ? ShiftOperation.Shl : n.Op == IrOp.ShiftRight ? ShiftOperation.Shr : ShiftOperation.Sar, 64, shifted, (int)(count & 63));
            ForgetFlags();
            Place(i, shifted);
            return;
        }

        Gpr y = Register(n.B);
        Gpr destination = Destination(i);
        _a.BmiShift(n.Op == IrOp.ShiftLeft ? BmiShiftOperation.Shlx : n.Op == IrOp.ShiftRight ? BmiShiftOperation.Shrx : BmiShiftOperation.Sarx, 64, destination, x, y);
        Place(i, destination);
    }

    private void EmitExtension(int i, ref IrInstruction n)
    {
        Gpr source = Register(n.A);
        Gpr destination = DestinationFrom(i, n.A);
        if (n.Op == IrOp.SignExtend)
        {
            _a.Movsx(64, destination, n.Width, source);
        }
        else if (n.Width == 32)
        {
            _a.Mov(32, destination, source);
        }
        else
        {
            _a.Movzx(32, destination, n.Width, source);
        }

        Place(i, destination);
    }

    private void EmitInsert(int i, ref IrInstruction n)
    {
        bool hasImmediate = TryImmediate(n.B, n.Width, out int immediate);
        Gpr part = hasImmediate ? Gpr.Rsp : Register(n.B);
        Gpr whole = Register(n.A);
        Gpr destination = DestinationFrom(i, n.A);
        if (destination == part && destination != whole)
        {
            // Only a pinned register can be both: the part is read before the whole is put over it.
            Gpr other = Take();
            _a.Mov(64, other, part);
            part = other;
        }

        if (destination != whole)
        {
            _a.Mov(64, destination, whole);
        }

        if (n.Auxiliary != 0)
        {
            // AH and its like: turned to the bottom and back. The part must not turn with it.
            if (destination == part)
            {
                part = Take();
                _a.Mov(64, part, destination);
            }

            _a.Shift(ShiftOperation.Ror, 64, destination, n.Auxiliary);
            ForgetFlags();
        }

        if (hasImmediate)
        {
            _a.Mov(n.Width, destination, immediate);
        }
        else
        {
            _a.Mov(n.Width, destination, part);
        }

        if (n.Auxiliary != 0)
        {
            _a.Shift(ShiftOperation.Rol, 64, destination, n.Auxiliary);
        }

        Place(i, destination);
    }

    // Compares, unless the host's flags say it already. A negative b asks for a test.
    private void EmitComparison(int a, int b, int width, Condition condition)
    {
        if (b < 0)
        {
            bool looksAtSignAndZero = condition is Condition.Zero or Condition.NotZero or Condition.Sign or Condition.NotSign;
            if (_flagWidth == width && _flagA == a && (_flagSource == FlagSource.Logic || (_flagSource == FlagSource.Sum && looksAtSignAndZero)))
            {
                return;
            }

            Gpr tested = Register(a);
            _a.Test(width, tested, tested);
            SetFlagSource(FlagSource.Logic, a, -1, width);
            return;
        }

        if (_flagSource == FlagSource.Subtraction && _flagWidth == width && _flagA == a && _ir.IsSame(_flagB, b))
        {
            return;
        }

        Gpr x = Register(a);
        if (TryImmediate(b, width, out int immediate))
        {
            _a.Alu(AluOperation.Cmp, width, x, immediate);
        }
        else
        {
            _a.Alu(AluOperation.Cmp, width, x, Register(b));
        }

        SetFlagSource(FlagSource.Subtraction, a, b, width);
    }

    private void EmitSetCondition(int i, int a, int b, int width, Condition condition)
    {
        EmitComparison(a, b, width, condition);
        // A byte of a temporary first: the destination may hold an operand.
        Gpr destination = Take();
        _a.Setcc(condition, destination);
        _a.Movzx(32, destination, 8, destination);
        Place(i, destination);
    }

    // Brings a condition into the host's flags; returns the host's condition that then stands for "not 0".
    private Condition EmitCondition(int value)
    {
        ref IrInstruction made = ref _ir[value];
        if (made.Op == IrOp.EntryCondition && _location[value] == Nowhere)
        {
            EmitEntryFlags();
            return (Condition)made.Auxiliary;
        }

        if (made.Op is IrOp.Compare or IrOp.Test)
        {
            var condition = (Condition)made.Auxiliary;
            EmitComparison(made.A, made.Op == IrOp.Test ? -1 : made.B, made.Width, condition);
            return condition;
        }

        EmitComparison(value, -1, 64, Condition.NotZero);
        return Condition.NotZero;
    }

    private void EmitSelect(int i, ref IrInstruction n)
    {
        if (_ir[n.A].Op == IrOp.EntryCondition && _location[n.A] == Nowhere)
        {
            // It needs a certain register: before the operands are given theirs.
            EmitEntryFlags();
        }

        Gpr first = Register(n.B);
        Gpr second = Register(n.C);
        // Constants and spilled values come into registers by moves, which leave the flags alone.
        Condition condition = EmitCondition(n.A);
        Gpr destination = Take();
        _a.Mov(64, destination, second);
        _a.Cmovcc(condition, 64, destination, first);
        Place(i, destination);
    }

    private void EmitCarries(int i, ref IrInstruction n)
    {
        Gpr a = Register(n.A);
        Gpr b = Register(n.B);
        Gpr result = Register(n.C);
        Gpr vector = Take();
        Gpr other = Take();
        if (n.Op == IrOp.AddCarries)
        {
            // (a & b) | ((a ^ b) & ~result)
            _a.Mov(64, other, a);
            _a.Alu(AluOperation.Xor, 64, other, b);
            _a.Bmi(BmiOperation.Andn, 64, other, result, other);
            _a.Mov(64, vector, a);
            _a.Alu(AluOperation.And, 64, vector, b);
        }
        else
        {
            // (~a & b) | (~(a ^ b) & result)
            _a.Mov(64, other, a);
            _a.Alu(AluOperation.Xor, 64, other, b);
            _a.Bmi(BmiOperation.Andn, 64, other, other, result);
            _a.Bmi(BmiOperation.Andn, 64, vector, a, b);
        }

        _a.Alu(AluOperation.Or, 64, vector, other);
        if (n.Width == 64)
        {
            _a.Alu(AluOperation.And, 64, vector, ~3);
        }
        else
        {
            _a.Mov(64, other, vector);
            _a.Shift(ShiftOperation.Shl, 64, vector, 64 - n.Width);
            _a.Alu(AluOperation.And, 32, other, 8);
            _a.Alu(AluOperation.Or, 64, vector, other);
        }

        ForgetFlags();
        Place(i, vector);
    }

    private Gpr CopyToDestination(int i, int value)
    {
        Gpr source = Register(value);
        Gpr destination = DestinationFrom(i, value);
        if (destination != source)
        {
            _a.Mov(64, destination, source);
        }

        return destination;
    }

    // As Destination, but a temporary that the first operand leaves free is used again.
    private Gpr DestinationFrom(int i, int operand)
    {
        int slot = SlotWrittenNext(i);
        if (slot < 0)
        {
            int location = _location[operand];
            if (location is >= 0 and < FirstSpill && _slotOf[location] < 0 && _lastUse[operand] <= i)
            {
                // An exit that asks for the operand after this must not look here: it finds flag words in the state.
                _held[location] = -1;
                _location[operand] = Nowhere;
                return (Gpr)location;
            }
        }

        return Destination(i);
    }

    private void SetFlagSource(FlagSource source, int a, int b, int width)
    {
        _flagSource = source;
        _flagA = a;
        _flagB = b;
        _flagWidth = width;
    }

    // Whether a value is a constant that an instruction of this width can hold.
    private bool TryImmediate(int value, int width, out int immediate)
    {
        immediate = 0;
        if (!_ir.IsConstant(value, out ulong constant))
        {
            return false;
        }

        immediate = width switch { 8 => (sbyte)constant, 16 => (short)constant, _ => (int)constant };
        return width != 64 || (long)constant == immediate;
    }
}
