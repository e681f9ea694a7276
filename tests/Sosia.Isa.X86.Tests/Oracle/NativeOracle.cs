using System;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Sosia.Isa.X86.Generation;
using Xunit;

namespace Sosia.Isa.X86.Tests.Oracle;

/// <summary>
/// Executes single instructions on the host CPU, in 64-bit code or in 32-bit code (compatibility mode), on given registers and on a
/// scratch area below 2 GiB. The instruction must not fault, transfer control or touch memory outside the scratch area.
/// </summary>
/// <remarks>Not thread-safe: one instance per test. Linux on x86-64 only.</remarks>
public sealed unsafe class NativeOracle : IDisposable
{
    /// <summary>Bytes of the scratch area.</summary>
    public const int ScratchBytes = 16 * 1024;

    private const int StateOffset = 0;
    private const int CodeOffset = 4096;
    private const int ScratchOffset = 2 * 4096;
    private const int TotalBytes = ScratchOffset + ScratchBytes;

    // Linux's fixed user selectors.
    private const ushort Code32 = 0x23;
    private const ushort Code64 = 0x33;
    private const ushort Data = 0x2b;

    private readonly byte* _memory;
    private readonly byte[] _prologue64;
    private readonly byte[] _epilogue64;
    private readonly byte[] _prologue32;
    private readonly byte[] _epilogue32;
    private ulong _farTarget32;
    private bool _disposed;

    public NativeOracle()
    {
        _memory = HostMemory.MapLow(TotalBytes);
        State = (OracleState*)(_memory + StateOffset);
        State->ResetFx();
        _prologue64 = Prologue(is32: false);
        _prologue32 = Prologue(is32: true);
        _epilogue64 = Epilogue(is32: false);
        _epilogue32 = Epilogue(is32: true);
        _prologue64.CopyTo(new Span<byte>(_memory + CodeOffset, _prologue64.Length));
        LoadedBits = 64;
    }

    /// <summary>True where the oracle works at all.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>
    /// True where 32-bit code can be executed: some kernels – guests of paravirtual hypervisors – have no segment for it. LAR tells without a fault.
    /// </summary>
    public static bool Has32BitCode { get; } = IsSupported && CanLoad(Code32);

    /// <summary>The widths of code that can be executed here, for theories.</summary>
    public static TheoryData<int> CodeWidths() => Has32BitCode ? [64, 32] : [64];

    /// <summary>The registers: set before <see cref="Run"/>, changed by it.</summary>
    public OracleState* State { get; }

    /// <summary>The scratch area's address, the same for native and emulated code.</summary>
    public uint ScratchAddress => (uint)(_memory + ScratchOffset);

    /// <summary>The scratch area as native code sees it.</summary>
    public Span<byte> Scratch => new(_memory + ScratchOffset, ScratchBytes);

    private int LoadedBits { get; set; }

    /// <summary>Where the instruction will stand.</summary>
    /// <param name="codeBits">64 or 32.</param>
    public uint InstructionAddress(int codeBits)
        => (uint)(_memory + CodeOffset) + (uint)(codeBits == 64 ? _prologue64 : _prologue32).Length;

    // LAR ECX, EAX sets ZF for a descriptor that this privilege level may use; bit 11 of the access rights is set for code.
    private static bool CanLoad(ushort selector)
    {
        const int Rcx = 1;
        const uint Zf = 1 << 6;
        const uint IsCode = 1 << 11;
        using var oracle = new NativeOracle();
        oracle.State->Gpr[0] = selector;
        oracle.State->Rflags = 2;
        oracle.Run([0x0f, 0x02, 0xc8], 64);
        return (oracle.State->Rflags & Zf) != 0 && (oracle.State->Gpr[Rcx] & IsCode) != 0;
    }

    /// <summary>Executes one instruction on <see cref="State"/> and <see cref="Scratch"/>.</summary>
    /// <param name="instruction">Its bytes.</param>
    /// <param name="codeBits">64 or 32.</param>
    public void Run(ReadOnlySpan<byte> instruction, int codeBits)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        byte[] prologue = codeBits == 64 ? _prologue64 : _prologue32;
        byte[] epilogue = codeBits == 64 ? _epilogue64 : _epilogue32;
        byte* code = _memory + CodeOffset;
        if (LoadedBits != codeBits)
        {
            prologue.CopyTo(new Span<byte>(code, prologue.Length));
            LoadedBits = codeBits;
        }

        // SAFETY: the buffer is ours and large enough; the thunk keeps the host's callee-saved registers.
        instruction.CopyTo(new Span<byte>(code + prologue.Length, instruction.Length));
        epilogue.CopyTo(new Span<byte>(code + prologue.Length + instruction.Length, epilogue.Length));
        if (codeBits == 32)
        {
            // The far jump back names an absolute address, which depends on the instruction's length.
            byte* back = code + prologue.Length + instruction.Length + BackJumpOffset;
            *(uint*)(back + 1) = (uint)(back + 7);
        }

        State->FarTarget = _farTarget32;
        State->Rflags = (State->Rflags & 0xcd5) | 0x202;
        ((delegate* unmanaged<void>)code)();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            HostMemory.Unmap(_memory, TotalBytes);
        }
    }

    // Saves what the ABI wants kept, then loads flags and all registers; RSP last.
    private byte[] Prologue(bool is32)
    {
        var code = new CodeBytes();
        code.Add(0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57);
        code.Add(0x48, 0x89, 0x24, 0x25).Add32(Field(&State->SavedRsp));
        code.Add(0x48, 0x0f, 0xae, 0x04, 0x25).Add32(Field(State->HostFx));
        if (is32)
        {
            // FXRSTOR in the 32-bit form; data segments for compatibility mode.
            code.Add(0x0f, 0xae, 0x0c, 0x25).Add32(Field(State->Fx));
            code.Add(0xb8).Add32(Data).Add(0x8e, 0xd8, 0x8e, 0xc0);
        }
        else
        {
            code.Add(0x48, 0x0f, 0xae, 0x0c, 0x25).Add32(Field(State->Fx));
        }

        AddUpperHalves(code, opcode: 0x18, isLoad: true);
        code.Add(0xff, 0x34, 0x25).Add32(Field(&State->Rflags)).Add(0x9d);
        for (int register = 0; register < 16; register++)
        {
            if (register != 4)
            {
                code.Add((byte)(0x48 | (register >> 3 << 2)), 0x8b, (byte)(4 | ((register & 7) << 3)), 0x25).Add32(Field(&State->Gpr[register]));
            }
        }

        code.Add(0x48, 0x8b, 0x24, 0x25).Add32(Field(&State->Gpr[4]));
        if (is32)
        {
            code.Add(0xff, 0x2c, 0x25).Add32(Field(&State->FarTarget));
            uint target = (uint)(_memory + CodeOffset + code.Length);
            _farTarget32 = target | ((ulong)Code32 << 32);
        }

        return code.ToArray();
    }

    // mov [gpr4], esp; then the far jump that this names.
    private const int BackJumpOffset = 6;

    private byte[] Epilogue(bool is32)
    {
        var code = new CodeBytes();
        if (is32)
        {
            code.Add(0x89, 0x25).Add32(Field(&State->Gpr[4]));
            code.Add(0xea).Add32(0).Add((byte)Code64, 0);
        }
        else
        {
            code.Add(0x48, 0x89, 0x24, 0x25).Add32(Field(&State->Gpr[4]));
        }

        code.Add(0x48, 0x8b, 0x24, 0x25).Add32(Field(&State->SavedRsp));
        for (int register = 0; register < 16; register++)
        {
            if (register != 4)
            {
                code.Add((byte)(0x48 | (register >> 3 << 2)), 0x89, (byte)(4 | ((register & 7) << 3)), 0x25).Add32(Field(&State->Gpr[register]));
            }
        }

        code.Add(0x9c, 0x8f, 0x04, 0x25).Add32(Field(&State->Rflags));
        code.Add(0xfc);
        AddUpperHalves(code, opcode: 0x19, isLoad: false);
        if (is32)
        {
            code.Add(0x0f, 0xae, 0x04, 0x25).Add32(Field(State->Fx));
        }
        else
        {
            code.Add(0x48, 0x0f, 0xae, 0x04, 0x25).Add32(Field(State->Fx));
        }

        code.Add(0x48, 0x0f, 0xae, 0x0c, 0x25).Add32(Field(State->HostFx));
        code.Add(0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3);
        return code.ToArray();
    }

    // VINSERTF128 or VEXTRACTF128 of all sixteen registers; then, after the latter, VZEROUPPER comes below FXSAVE's notice.
    private void AddUpperHalves(CodeBytes code, byte opcode, bool isLoad)
    {
        if (!Avx.IsSupported)
        {
            return;
        }

        for (int register = 0; register < 16; register++)
        {
            int vvvv = isLoad ? register : 0;
            code.Add(0xc4, (byte)((register < 8 ? 0x80 : 0) | 0x63), (byte)((15 - vvvv) << 3 | 5), opcode, (byte)(4 | (register & 7) << 3), 0x25);
            code.Add32(Field(&State->YmmHigh[2 * register])).Add(1);
        }

        if (!isLoad)
        {
            code.Add(0xc5, 0xf8, 0x77);
        }
    }

    private static uint Field(void* address) => (uint)address;
}
