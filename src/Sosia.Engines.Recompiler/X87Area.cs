using System;
using System.Runtime.InteropServices;
using Sosia.Isa.X86;
using Sosia.Isa.X86.State;
using Sosia.Jit.X64.Lowering;

namespace Sosia.Engines.Recompiler;

/// <summary>Where the host's x87 unit is saved to while it held a guest's registers.</summary>
internal sealed unsafe class X87Area : IDisposable
{
    private const ushort HostControl = 0x37f;

    private byte* _area = (byte*)NativeMemory.AlignedAlloc(X87Layout.AreaByteCount, 64);

    public X87Area()
    {
        NativeMemory.Clear(_area, X87Layout.AreaByteCount);
        *(ushort*)(_area + X87Layout.HostControlOffset) = HostControl;
    }

    /// <summary>Where emitted code finds the unit of a CPU.</summary>
    public X87Layout LayoutOf(X86State* state)
    {
        byte* start = (byte*)state;
        return new X87Layout
        {
            Area = (long)_area,
            Registers = StateOffset.X87,
            Control = (int)((byte*)&state->Fcw - start),
            Status = (int)((byte*)&state->Fsw - start),
            Tags = (int)((byte*)&state->Ftw - start),
            Opcode = (int)((byte*)&state->Fop - start),
            InstructionPointer = (int)((byte*)&state->Fip - start),
            InstructionSelector = (int)((byte*)&state->Fcs - start),
            OperandPointer = (int)((byte*)&state->Fdp - start),
            OperandSelector = (int)((byte*)&state->Fds - start),
            CodeSelector = (int)((byte*)&state->Cs.Selector - start),
            Refused = ((int)((byte*)&state->Cr0 - start), (int)(ControlBits.Cr0Em | ControlBits.Cr0Ts)),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_area);
        _area = null;
    }
}
