namespace Sosia.SoftFloat;

/// <summary>IEEE 754 binary16 as a storage format: conversions to and from binary32 (F16C).</summary>
public static class Float16
{
    /// <summary>Converts to binary32, always exactly. Denormal operands are neither reported nor flushed (Intel SDM vol. 2, VCVTPH2PS).</summary>
    public static uint ToFloat32(ushort a, ref FpEnvironment env)
    {
        Binary<Binary16>.Unpack(a, denormalsAreZero: false, out Value value);
        return (uint)Binary<Binary32>.Convert(value, raiseDenormal: false, ref env);
    }

    /// <summary>Converts from binary32. Results are never flushed to zero (Intel SDM vol. 2, VCVTPS2PH).</summary>
    /// <param name="a">The operand.</param>
    /// <param name="rounding">Rounding direction.</param>
    /// <param name="env">The environment, whose direction does not count.</param>
    public static ushort FromFloat32(uint a, FpRounding rounding, ref FpEnvironment env)
    {
        (FpRounding oldRounding, bool oldFlush) = (env.Rounding, env.FlushToZero);
        (env.Rounding, env.FlushToZero) = (rounding, false);
        Binary<Binary32>.Unpack(a, env.DenormalsAreZero, out Value value);
        ushort result = (ushort)Binary<Binary16>.Convert(value, raiseDenormal: true, ref env);
        (env.Rounding, env.FlushToZero) = (oldRounding, oldFlush);
        return result;
    }
}
