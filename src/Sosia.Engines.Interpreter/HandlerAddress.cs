using System;
using System.Runtime.InteropServices;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Engines.Interpreter;

/// <summary>
/// Finds the code behind a function pointer. The runtime gives out the address of a stub that jumps on through memory; a handler called by way
/// of it costs two indirect jumps an instruction, and where the host predicts those badly (with IBRS always on, for instance) that is
/// most of an interpreter's time.
/// </summary>
/// <remarks>
/// The stub is left out only when its bytes are exactly those known, and only when the code behind it stays for good, which is so
/// without tiered compilation. Otherwise the stub is called, as any other caller would.
/// </remarks>
internal static unsafe class HandlerAddress
{
    // jmp [rip+disp32]; mov r10, [rip+disp32]; jmp [rip+disp32]: the first leads to the method's code once it has been called, to
    // the mov before that.
    private const int StubByteCount = 19;
    private const int JumpByteCount = 6;

    private static readonly bool CodeStays = RuntimeInformation.ProcessArchitecture == Architecture.X64
        && AppContext.TryGetSwitch("System.Runtime.TieredCompilation", out bool isTiered) && !isTiered;

    /// <summary>Leads every operation of a block directly to its handler's code.</summary>
    /// <returns>False when a handler has not been called yet, so that its code is not known.</returns>
    public static bool Bind(Block* block)
    {
        bool isComplete = true;
        var ops = (Op*)(block + 1);
        for (int i = 0; i <= block->Count; i++)
        {
            isComplete &= TryFollow(ref ops[i].Handler);
        }

        return isComplete & (block->FirstHandler == null || TryFollow(ref block->FirstHandler));
    }

    private static bool TryFollow(ref delegate*<X86State*, Op*, Op*> handler)
    {
        if (!CodeStays)
        {
            return true;
        }

        // SAFETY: a function pointer leads to executable bytes; stubs lie in whole pages of stubs, and a method's code is followed by others
        // or by padding of its heap, so that the few bytes looked at are there. The slot that a matching jump names belongs to the stub.
        byte* code = (byte*)handler;
        var bytes = new ReadOnlySpan<byte>(code, StubByteCount);
        if (!(bytes is [0xff, 0x25, _, _, _, _, 0x4c, 0x8b, 0x15, _, _, _, _, 0xff, 0x25, ..]))
        {
            return true;
        }

        byte* target = *(byte**)(code + JumpByteCount + *(int*)(code + 2));
        if (target == code + JumpByteCount)
        {
            return false;
        }

        handler = (delegate*<X86State*, Op*, Op*>)target;
        return true;
    }
}
