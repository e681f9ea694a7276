using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using System.Threading;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.Semantics.Control;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics;

/// <summary>
/// The instance of <see cref="ISemantics{V}"/> that does the work at once. Everything is inlined into the handler of one instruction
/// form; the memory fast path is one compare against the soft TLB.
/// </summary>
/// <typeparam name="TWidth">Operand width.</typeparam>
/// <typeparam name="TDestination">Where operand 0 is.</typeparam>
/// <typeparam name="TSource">Where operand 1 is.</typeparam>
public unsafe struct Interpreting<TWidth, TDestination, TSource> : ISemantics<ulong>
    where TWidth : struct, IWidth
    where TDestination : struct, IPlace
    where TSource : struct, IPlace
{
    private readonly X86State* _state;
    private readonly Op* _op;
    private byte* _updateHost;
    private ulong _updateLinear;
    private ulong _memoryOffset;
    private bool _updatePending;
    private ulong _lockedValue;
    private bool _mustRetry;
    private bool _faulted;
    private bool _stop;

    /// <summary>Binds the instance to one execution of one operation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Interpreting(X86State* state, Op* op)
    {
        _state = state;
        _op = op;
        _updateHost = null;
        _updateLinear = 0;
        _memoryOffset = 0;
        _updatePending = false;
        _lockedValue = 0;
        _mustRetry = false;
        _faulted = false;
        _stop = false;
    }

    /// <summary>True when the block must end here: a fault, or an access after which events must be looked at.</summary>
    public readonly bool Stop => _stop;

    /// <summary>True when a locked operand had changed since it was read: nothing has been committed, and all is to be done again.</summary>
    public readonly bool MustRetry => _mustRetry;

    /// <summary>True when the processor has gone on alone for its locked operand (<see cref="Core.Execution.VcpuThreads.EnterExclusive"/>): the caller ends that.</summary>
    public readonly bool IsExclusive => _updatePending && _updateHost == null;

    /// <inheritdoc/>
    public readonly int Bits => TWidth.Bits;

    /// <inheritdoc/>
    public readonly bool Faulted => _faulted;

    /// <inheritdoc/>
    public readonly bool DestinationIsRegister => TDestination.Place == OperandPlace.Register;

    /// <inheritdoc/>
    public readonly bool SourceIsImmediate => TSource.Place == OperandPlace.Immediate;

    /// <inheritdoc/>
    public readonly ulong FlagResult
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _state->FlagResult;
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => _state->FlagResult = value;
    }

    /// <inheritdoc/>
    public readonly ulong FlagCarries
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _state->FlagCarries;
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => _state->FlagCarries = value;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadDestination()
        => TDestination.Place == OperandPlace.Register ? LoadRegister(_op->Destination) : ReadMemory(TWidth.Bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadDestinationForUpdate()
    {
        if (TDestination.Place == OperandPlace.Register)
        {
            return LoadRegister(_op->Destination);
        }

        if (!TryLinear(TWidth.Bits, isWrite: true, out ulong linear))
        {
            return 0;
        }

        TlbEntry* entry = _state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        if (entry->WriteTag == ((linear + (uint)(TWidth.Bits / 8) - 1) & ~0xfffUL))
        {
            _updateHost = (byte*)(linear + entry->Addend);
            ulong fast = Load(_updateHost, TWidth.Bits);
            if (TDestination.IsLocked)
            {
                _lockedValue = fast;
            }

            return fast;
        }

        _updateLinear = linear;
        _updatePending = true;
        if (TDestination.IsLocked)
        {
            return ReadLocked();
        }

        if (!MemoryAccess.ReadForUpdateSlow(_state, linear, TWidth.Bits / 8, out ulong value))
        {
            _faulted = true;
        }

        _stop |= _state->Exit != BlockExit.None;
        return value;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadSource()
        => TSource.Place == OperandPlace.Register ? LoadRegister(_op->Source)
            : TSource.Place == OperandPlace.Memory ? ReadMemory(TWidth.Bits)
            : Truncate(_op->Immediate);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadSource(int bits)
        => TSource.Place == OperandPlace.Register ? Load((byte*)_state + _op->Source, bits)
            : TSource.Place == OperandPlace.Memory ? ReadMemory(bits)
            : ZeroExtend(_op->Immediate, bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void OffsetMemory(ulong byteOffset) => _memoryOffset = byteOffset;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong ReadThird() => LoadRegister(_op->Third);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong ReadImmediate() => Truncate(_op->Immediate);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong EffectiveAddress()
    {
        ulong address = At(_op->Base) + (At(_op->Index) << _op->Scale) + (ulong)(long)_op->Displacement;
        if ((_op->Flags & OpFlags.SlowAddress) != 0)
        {
            address = (_op->Flags & OpFlags.Address16) != 0 ? (ushort)address
                : (_op->Flags & OpFlags.Address32) != 0 ? (uint)address : address;
        }

        return address;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteDestination(ulong value)
    {
        if (TDestination.Place == OperandPlace.Register)
        {
            StoreRegister(_op->Destination, value);
        }
        else if (TDestination.IsLocked && _updateHost != null)
        {
            WriteLocked(value);
        }
        else if (_updateHost != null)
        {
            Store(_updateHost, value);
        }
        else if (_updatePending)
        {
            // The permission was checked by the read for update.
            WriteSlow(_updateLinear, value);
        }
        else
        {
            WriteMemory(value);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void WriteSource(ulong value) => StoreRegister(_op->Source, value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void WriteThird(ulong value) => StoreRegister(_op->Third, value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong ReadRegister(int number) => Truncate(_state->Gpr[number]);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void WriteRegister(int number, ulong value) => Store32Clears((byte*)&_state->Gpr[number], value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void WriteRegisterIf(ulong condition, int number, ulong value)
    {
        if (condition != 0)
        {
            WriteRegister(number, value);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void WriteDestinationIf(ulong condition, ulong value)
    {
        if (condition != 0)
        {
            StoreRegister(_op->Destination, value);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong ReadRegister16(int number) => (ushort)_state->Gpr[number];

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void WriteRegister16(int number, ulong value) => *(ushort*)&_state->Gpr[number] = (ushort)value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void FaultIf(ulong condition, byte vector)
    {
        if (condition != 0)
        {
            _faulted = true;
            _stop = true;
            _state->Exit = BlockExit.Fault;
            _state->FaultVector = vector;
            _state->FaultHasErrorCode = 0;
            _state->FaultErrorCode = 0;
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Constant(ulong value) => value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Truncate(ulong value)
        => TWidth.Bits == 8 ? (byte)value : TWidth.Bits == 16 ? (ushort)value : TWidth.Bits == 32 ? (uint)value : value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong SignExtend(ulong value) => SignExtend(value, TWidth.Bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong SignExtend(ulong value, int bits)
        => bits == 8 ? (ulong)(sbyte)value : bits == 16 ? (ulong)(short)value : bits == 32 ? (ulong)(int)value : value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong ZeroExtend(ulong value, int bits)
        => bits == 8 ? (byte)value : bits == 16 ? (ushort)value : bits == 32 ? (uint)value : value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Add(ulong a, ulong b) => a + b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Subtract(ulong a, ulong b) => a - b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Multiply(ulong a, ulong b) => a * b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong MultiplyHighUnsigned(ulong a, ulong b) => Math.BigMul(a, b, out _);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong MultiplyHighSigned(ulong a, ulong b) => (ulong)Math.BigMul((long)a, (long)b, out _);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong DivideUnsigned(ulong high, ulong low, ulong divisor, out ulong remainder)
    {
        if (high == 0 && ((low | divisor) >> 32) == 0)
        {
            // Half as wide is several times as fast on many hosts.
            (uint quotient32, uint remainder32) = Math.DivRem((uint)low, (uint)divisor);
            remainder = remainder32;
            return quotient32;
        }

        if (high == 0)
        {
            (ulong quotient, remainder) = Math.DivRem(low, divisor);
            return quotient;
        }

        var dividend = new UInt128(high, low);
        UInt128 wide = dividend / divisor;
        remainder = (ulong)(dividend - (wide * divisor));
        return (ulong)wide;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong And(ulong a, ulong b) => a & b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Or(ulong a, ulong b) => a | b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Xor(ulong a, ulong b) => a ^ b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Not(ulong a) => ~a;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong ShiftLeft(ulong a, ulong count) => a << (int)count;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong ShiftRight(ulong a, ulong count) => a >> (int)count;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong ShiftRightArithmetic(ulong a, ulong count) => (ulong)((long)a >> (int)count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Equal(ulong a, ulong b) => a == b ? 1UL : 0UL;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong LessUnsigned(ulong a, ulong b) => a < b ? 1UL : 0UL;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Select(ulong condition, ulong a, ulong b) => condition != 0 ? a : b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong LeadingZeros(ulong a) => (ulong)BitOperations.LeadingZeroCount(a);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong TrailingZeros(ulong a) => (ulong)BitOperations.TrailingZeroCount(a);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong PopCount(ulong a) => (ulong)BitOperations.PopCount(a);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong ReverseBytes(ulong a) => BinaryPrimitives.ReverseEndianness(a);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong DepositBits(ulong value, ulong mask)
        => Bmi2.X64.IsSupported ? Bmi2.X64.ParallelBitDeposit(value, mask) : BitMath.Deposit(value, mask);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong ExtractBits(ulong value, ulong mask)
        => Bmi2.X64.IsSupported ? Bmi2.X64.ParallelBitExtract(value, mask) : BitMath.Extract(value, mask);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Crc32(ulong crc, ulong data, int bits) => bits switch
    {
        8 => BitOperations.Crc32C((uint)crc, (byte)data),
        16 => BitOperations.Crc32C((uint)crc, (ushort)data),
        32 => BitOperations.Crc32C((uint)crc, (uint)data),
        _ => BitOperations.Crc32C((uint)crc, data),
    };

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong AddCarries(ulong a, ulong b, ulong result)
        => LazyFlags.FromCarryVector((a & b) | ((a | b) & ~result), TWidth.Bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong SubtractCarries(ulong a, ulong b, ulong result)
        => LazyFlags.FromCarryVector((~a & b) | ((~a | b) & result), TWidth.Bits);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Holds<TCondition>()
        where TCondition : struct, ICondition
        => TCondition.Holds<Interpreting<TWidth, TDestination, TSource>, ulong>(ref this);

    // SAFETY (whole file): offsets come from StateOffset and lie within the state; host pointers come from TLB entries, which only
    // ever hold addresses inside guest RAM, and the compare ensures that the access stays within that page.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly ulong At(ushort offset) => *(ulong*)((byte*)_state + offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly ulong LoadRegister(ushort offset) => Load((byte*)_state + offset, TWidth.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void StoreRegister(ushort offset, ulong value) => Store32Clears((byte*)_state + offset, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Load(byte* host, int bits)
        => bits == 8 ? *host : bits == 16 ? *(ushort*)host : bits == 32 ? *(uint*)host : *(ulong*)host;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(byte* host, ulong value)
    {
        if (TWidth.Bits == 8)
        {
            *host = (byte)value;
        }
        else if (TWidth.Bits == 16)
        {
            *(ushort*)host = (ushort)value;
        }
        else if (TWidth.Bits == 32)
        {
            *(uint*)host = (uint)value;
        }
        else
        {
            *(ulong*)host = value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store32Clears(byte* register, ulong value)
    {
        if (TWidth.Bits == 32)
        {
            *(ulong*)register = (uint)value;
        }
        else
        {
            Store(register, value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryLinear(int bits, bool isWrite, out ulong linear)
    {
        if ((_op->Flags & OpFlags.SlowAddress) == 0)
        {
            linear = At(_op->Base) + (At(_op->Index) << _op->Scale) + (ulong)(long)_op->Displacement + At(_op->Segment) + _memoryOffset;
            return true;
        }

        if (MemoryAccess.SegmentedAddress(_state, _op, _memoryOffset, bits / 8, isWrite, out linear))
        {
            return true;
        }

        _faulted = true;
        _stop = true;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong ReadMemory(int bits)
    {
        if (!TryLinear(bits, isWrite: false, out ulong linear))
        {
            return 0;
        }

        TlbEntry* entry = _state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        return entry->ReadTag == ((linear + (uint)(bits / 8) - 1) & ~0xfffUL)
            ? Load((byte*)(linear + entry->Addend), bits)
            : ReadSlow(linear, bits);
    }

    // The slow way of a locked operand's read: its memory, unless it has none of its own.
    private ulong ReadLocked()
    {
        ulong value = 0;
        if (!X86Cpu.FromState(_state).LockedHost(_updateLinear, TWidth.Bits / 8, out _updateHost))
        {
            _faulted = true;
            _updatePending = false;
        }
        else if (_updateHost != null)
        {
            value = Load(_updateHost, TWidth.Bits);
            _lockedValue = value;
        }
        else
        {
            // Two pages, or a device's registers.
            X86Cpu.FromState(_state).Memory.Threads.EnterExclusive();
            _faulted = !MemoryAccess.ReadForUpdateSlow(_state, _updateLinear, TWidth.Bits / 8, out value);
        }

        _stop |= _state->Exit != BlockExit.None;
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteLocked(ulong value)
    {
        if (!CompareExchange(_updateHost, _lockedValue, value))
        {
            // Not a fault of the guest's, but the meaning stops at once all the same.
            _faulted = true;
            _mustRetry = true;
        }
        else if (_updatePending)
        {
            X86Cpu.FromState(_state).AfterLockedWrite(_updateLinear, TWidth.Bits / 8);
            _stop |= _state->Exit != BlockExit.None;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool CompareExchange(byte* host, ulong comparand, ulong value)
        => TWidth.Bits == 8 ? Interlocked.CompareExchange(ref *host, (byte)value, (byte)comparand) == (byte)comparand
            : TWidth.Bits == 16 ? Interlocked.CompareExchange(ref *(ushort*)host, (ushort)value, (ushort)comparand) == (ushort)comparand
            : TWidth.Bits == 32 ? Interlocked.CompareExchange(ref *(uint*)host, (uint)value, (uint)comparand) == (uint)comparand
            : Interlocked.CompareExchange(ref *(ulong*)host, value, comparand) == comparand;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteMemory(ulong value)
    {
        if (!TryLinear(TWidth.Bits, isWrite: true, out ulong linear))
        {
            return;
        }

        TlbEntry* entry = _state->DataTlb + ((linear >> 12) & (TlbEntry.Count - 1));
        if (entry->WriteTag == ((linear + (uint)(TWidth.Bits / 8) - 1) & ~0xfffUL))
        {
            Store((byte*)(linear + entry->Addend), value);
        }
        else
        {
            WriteSlow(linear, value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong ReadSlow(ulong linear, int bits)
    {
        if (!MemoryAccess.ReadSlow(_state, linear, bits / 8, out ulong value))
        {
            _faulted = true;
        }

        _stop = _state->Exit != BlockExit.None;
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteSlow(ulong linear, ulong value)
    {
        if (!MemoryAccess.WriteSlow(_state, linear, TWidth.Bits / 8, value))
        {
            _faulted = true;
        }

        _stop = _state->Exit != BlockExit.None;
    }
}
