using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>A destination of an instruction with a VEX prefix.</summary>
internal readonly unsafe struct Vex<TDestination> : IVectorDestination
    where TDestination : struct, IVectorDestination
{
    public static bool IsXmm => TDestination.IsXmm;

    public static bool IsMmx => TDestination.IsMmx;

    public static bool IsVex => true;

    public static bool IsMemory => TDestination.IsMemory;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(X86State* state, Op* op) => TDestination.Load(state, op);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStore(X86State* state, Op* op, Vector128<byte> value) => TDestination.TryStore(state, op, value);
}
