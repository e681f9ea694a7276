namespace Sosia.SoftFloat;

/// <summary>What an unpacked value is. The order matters: everything from <see cref="QuietNan"/> on is not a number.</summary>
internal enum ValueKind : byte
{
    Finite,
    Zero,
    Infinity,
    QuietNan,
    SignallingNan,
    Unsupported,
}
