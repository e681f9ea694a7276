using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>m32fp.</summary>
internal readonly struct Real32 : IX87Format
{
    public static int ByteCount => 4;

    public static ulong Indefinite => 0xffc0_0000;

    public static Float80 Load(ulong bits, ref FpEnvironment env) => Float80.FromFloat32((uint)bits, ref env);

    public static Float80 Widen(ulong bits, ref FpEnvironment env) => Float80.WidenFloat32((uint)bits, ref env);

    public static ulong Store(Float80 value, ref FpEnvironment env) => Float80.ToFloat32(value, ref env);
}

/// <summary>m64fp.</summary>
internal readonly struct Real64 : IX87Format
{
    public static int ByteCount => 8;

    public static ulong Indefinite => 0xfff8_0000_0000_0000;

    public static Float80 Load(ulong bits, ref FpEnvironment env) => Float80.FromFloat64(bits, ref env);

    public static Float80 Widen(ulong bits, ref FpEnvironment env) => Float80.WidenFloat64(bits, ref env);

    public static ulong Store(Float80 value, ref FpEnvironment env) => Float80.ToFloat64(value, ref env);
}

/// <summary>m16int.</summary>
internal readonly struct Integer16 : IX87Format
{
    public static int ByteCount => 2;

    public static ulong Indefinite => 0x8000;

    public static Float80 Load(ulong bits, ref FpEnvironment env) => Float80.FromInt64((short)bits);

    public static Float80 Widen(ulong bits, ref FpEnvironment env) => Float80.FromInt64((short)bits);

    public static ulong Store(Float80 value, ref FpEnvironment env) => (ulong)Float80.ToInt16(value, env.Rounding, ref env);
}

/// <summary>m32int.</summary>
internal readonly struct Integer32 : IX87Format
{
    public static int ByteCount => 4;

    public static ulong Indefinite => 0x8000_0000;

    public static Float80 Load(ulong bits, ref FpEnvironment env) => Float80.FromInt64((int)bits);

    public static Float80 Widen(ulong bits, ref FpEnvironment env) => Float80.FromInt64((int)bits);

    public static ulong Store(Float80 value, ref FpEnvironment env) => (ulong)Float80.ToInt32(value, env.Rounding, ref env);
}

/// <summary>m64int.</summary>
internal readonly struct Integer64 : IX87Format
{
    public static int ByteCount => 8;

    public static ulong Indefinite => 0x8000_0000_0000_0000;

    public static Float80 Load(ulong bits, ref FpEnvironment env) => Float80.FromInt64((long)bits);

    public static Float80 Widen(ulong bits, ref FpEnvironment env) => Float80.FromInt64((long)bits);

    public static ulong Store(Float80 value, ref FpEnvironment env) => (ulong)Float80.ToInt64(value, env.Rounding, ref env);
}
