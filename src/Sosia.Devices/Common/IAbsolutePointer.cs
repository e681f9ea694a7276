namespace Sosia.Devices.Common;

/// <summary>A pointer that says where it is rather than how it moves.</summary>
public interface IAbsolutePointer
{
    /// <summary>The largest coordinate; the smallest is 0.</summary>
    const int MaxCoordinate = 0x7fff;

    /// <summary>True when the guest uses it.</summary>
    bool IsUsed { get; }

    /// <summary>Moves the pointer and sets its buttons. On the machine's thread.</summary>
    /// <param name="x">From 0, the left edge, to <see cref="MaxCoordinate"/>.</param>
    /// <param name="y">From 0, the upper edge, to <see cref="MaxCoordinate"/>.</param>
    /// <param name="wheel">Steps away from the user.</param>
    /// <param name="buttons">Bit 0 left, bit 1 right, bit 2 middle, bits 3 and 4 two more.</param>
    void Move(int x, int y, int wheel, byte buttons);
}
