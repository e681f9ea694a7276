using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Sosia.Host.Linux.Memory;

/// <summary>The host's atomic compare-and-exchange of 16 bytes, which the runtime does not offer.</summary>
public static unsafe class WideAtomic
{
    // bool F(ulong* destination (rdi), ulong* comparand (rsi), ulong* replacement (rdx)), System V convention:
    // push rbx; mov r8, rdx; mov rax, [rsi]; mov rdx, [rsi+8]; mov rbx, [r8]; mov rcx, [r8+8]; lock cmpxchg16b [rdi];
    // mov [rsi], rax; mov [rsi+8], rdx; sete al; movzx eax, al; pop rbx; ret
    private static readonly byte[] Code =
    [
        0x53, 0x49, 0x89, 0xd0, 0x48, 0x8b, 0x06, 0x48, 0x8b, 0x56, 0x08, 0x49, 0x8b, 0x18, 0x49, 0x8b, 0x48, 0x08,
        0xf0, 0x48, 0x0f, 0xc7, 0x0f, 0x48, 0x89, 0x06, 0x48, 0x89, 0x56, 0x08, 0x0f, 0x94, 0xc0, 0x0f, 0xb6, 0xc0, 0x5b, 0xc3,
    ];

    private static readonly Lock Fallback = new();
    private static readonly CodeMapping? Mapping = Prepare();

    /// <summary>Replaces 16 bytes if they are what they are compared with.</summary>
    /// <param name="destination">Aligned to 16.</param>
    /// <param name="comparand">Two words; takes what was found.</param>
    /// <param name="replacement">Two words.</param>
    /// <returns>True when they were replaced.</returns>
    /// <remarks>On a host that is no x86-64 it is atomic only against itself.</remarks>
    public static bool CompareExchange(ulong* destination, ulong* comparand, ulong* replacement)
    {
        if (Mapping is not null)
        {
            // SAFETY: the code above, which follows the convention and touches nothing but its arguments.
            return ((delegate* unmanaged[SuppressGCTransition]<ulong*, ulong*, ulong*, int>)Mapping.Execute)(destination, comparand, replacement) != 0;
        }

        lock (Fallback)
        {
            bool isEqual = destination[0] == comparand[0] && destination[1] == comparand[1];
            (comparand[0], comparand[1]) = (destination[0], destination[1]);
            if (isEqual)
            {
                (destination[0], destination[1]) = (replacement[0], replacement[1]);
            }

            return isEqual;
        }
    }

    private static CodeMapping? Prepare()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return null;
        }

        var mapping = new CodeMapping(4096);
        // SAFETY: the mapping has a page.
        Code.CopyTo(new Span<byte>(mapping.Write, Code.Length));
        mapping.AllowExecution();
        return mapping;
    }
}
