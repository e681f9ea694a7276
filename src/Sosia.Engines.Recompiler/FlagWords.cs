using System;
using System.Runtime.InteropServices;
using Sosia.Isa.X86.State;

namespace Sosia.Engines.Recompiler;

/// <summary>The table from flags as LAHF and SETO leave them in AX to the two words of the guest's lazy flags.</summary>
internal sealed unsafe class FlagWords : IDisposable
{
    private const int Count = 512;

    private ulong* _words = (ulong*)NativeMemory.Alloc(Count * 2, sizeof(ulong));

    public FlagWords()
    {
        for (int i = 0; i < Count; i++)
        {
            // AH has the flags where EFLAGS has them; AL is OF.
            uint eflags = ((uint)i & LazyFlags.All) | (i >= 256 ? LazyFlags.Of : 0);
            _words[i * 2] = LazyFlags.FromEflags(eflags, out _words[(i * 2) + 1]);
        }
    }

    /// <summary>Where it stands.</summary>
    public long Address => (long)_words;

    /// <summary>Puts flags that are in the save area into the state's words.</summary>
    public void Settle(X86State* state, ref ulong hostFlags)
    {
        uint flags = (uint)hostFlags;
        hostFlags = 0;
        // SAFETY: nine bits index 512 entries.
        ulong* words = _words + ((((flags >> 8) & 0xff) | ((flags & 1) << 8)) * 2);
        state->FlagResult = words[0];
        state->FlagCarries = words[1];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_words);
        _words = null;
    }
}
