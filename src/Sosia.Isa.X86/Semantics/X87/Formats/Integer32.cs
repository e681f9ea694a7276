using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>m32int.</summary>
internal readonly struct Integer32 : IX87Format
{
    public static int ByteCount => 4;

    public static ulong Indefinite => 0x8000_0000;

    public static Float80 Load(ulong bits, ref FpEnvironment env) => Float80.FromInt64((int)bits);

    public static Float80 Widen(ulong bits, ref FpEnvironment env) => Float80.FromInt64((int)bits);

    public static ulong Store(Float80 value, ref FpEnvironment env) => (ulong)Float80.ToInt32(value, env.Rounding, ref env);
}
