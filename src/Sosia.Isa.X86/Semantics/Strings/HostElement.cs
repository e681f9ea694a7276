using System;
using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Strings;

/// <summary>Elements of strings in host memory.</summary>
internal static unsafe class HostElement
{
    /// <summary>Reads an element, zero-extended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Load<TWidth>(byte* host)
        where TWidth : struct, IWidth
        => TWidth.Bits == 8 ? *host : TWidth.Bits == 16 ? *(ushort*)host : TWidth.Bits == 32 ? *(uint*)host : *(ulong*)host;

    /// <summary>Writes an element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TWidth>(byte* host, ulong value)
        where TWidth : struct, IWidth
    {
        switch (TWidth.Bits)
        {
            case 8: *host = (byte)value; break;
            case 16: *(ushort*)host = (ushort)value; break;
            case 32: *(uint*)host = (uint)value; break;
            default: *(ulong*)host = value; break;
        }
    }

    /// <summary>Writes one value to many elements.</summary>
    public static void Fill<TWidth>(byte* host, int count, ulong value)
        where TWidth : struct, IWidth
    {
        switch (TWidth.Bits)
        {
            case 8: new Span<byte>(host, count).Fill((byte)value); break;
            case 16: new Span<ushort>(host, count).Fill((ushort)value); break;
            case 32: new Span<uint>(host, count).Fill((uint)value); break;
            default: new Span<ulong>(host, count).Fill(value); break;
        }
    }

    /// <summary>Cuts a value to the element's width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Cut<TWidth>(ulong value)
        where TWidth : struct, IWidth
        => value & (ulong.MaxValue >> (64 - TWidth.Bits));

    /// <summary>Sets the flags as CMP does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Compare<TWidth>(X86State* state, Op* op, ulong a, ulong b)
        where TWidth : struct, IWidth
    {
        var s = new Interpreting<TWidth, InRegister, InRegister>(state, op);
        FlagMath.SetSubtract(ref s, a, b, s.Truncate(a - b));
    }
}
