using System;
using System.Collections.Generic;
using Sosia.Devices.Common;
using Sosia.Devices.I8042;

namespace Sosia.Display.Input;

/// <summary>
/// A machine's pointer for programs. While the guest uses the tablet, positions are its own; otherwise they become movements of the mouse, which the
/// guest is free to speed up. All members may be called from any thread.
/// </summary>
public sealed class MachinePointer
{
    private readonly Ps2Mouse _mouse;
    private readonly IReadOnlyList<IAbsolutePointer> _tablets;
    private readonly Action<Action> _post;
    private int _x;
    private int _y;
    private byte _buttons;
    private bool _hasPosition;

    /// <summary>Creates the way to a pointer.</summary>
    /// <param name="mouse">The mouse.</param>
    /// <param name="tablets">The absolute pointers; the first one that the guest uses is taken.</param>
    /// <param name="post">Has something done on the machine's thread.</param>
    public MachinePointer(Ps2Mouse mouse, IReadOnlyList<IAbsolutePointer> tablets, Action<Action> post)
    {
        _mouse = mouse;
        _tablets = tablets;
        _post = post;
    }

    /// <summary>True while the guest takes positions rather than movements.</summary>
    public bool IsAbsolute => Tablet is not null;

    /// <summary>Moves the pointer to a place.</summary>
    /// <param name="x">Columns from the left edge.</param>
    /// <param name="y">Lines from the upper edge.</param>
    /// <param name="width">Columns of the picture in which the place is.</param>
    /// <param name="height">Its lines.</param>
    public void MoveTo(int x, int y, int width, int height) => _post(() => Move(x, y, width, height, 0, _buttons));

    /// <summary>Moves the mouse by counts, and not the tablet: positive to the right and towards the user.</summary>
    public void MoveBy(int deltaX, int deltaY) => _post(() => _mouse.Move(deltaX, -deltaY, 0, _buttons));

    /// <summary>Turns the wheel: positive towards the user.</summary>
    public void Turn(int steps) => _post(() =>
    {
        if (Tablet is { } tablet)
        {
            tablet.Move(_x, _y, -steps, _buttons);
        }
        else
        {
            _mouse.Move(0, 0, steps, _buttons);
        }
    });

    /// <summary>Sets the buttons at the place where the pointer is.</summary>
    /// <param name="buttons">Bit 0 left, bit 1 right, bit 2 middle, bits 3 and 4 two more.</param>
    public void SetButtons(byte buttons) => _post(() => Press(buttons));

    /// <summary>Presses a button and releases it.</summary>
    /// <param name="button">0 left, 1 right, 2 middle, 3 and 4 two more.</param>
    public void Click(int button = 0) => _post(() =>
    {
        byte before = _buttons;
        Press((byte)(before | (1 << button)));
        Press((byte)(before & ~(1 << button)));
    });

    /// <summary>Moves the pointer, sets the buttons and turns the wheel at once.</summary>
    /// <param name="x">Columns from the left edge.</param>
    /// <param name="y">Lines from the upper edge.</param>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Lines of the picture.</param>
    /// <param name="wheel">Steps towards the user.</param>
    /// <param name="buttons">Bit 0 left, bit 1 right, bit 2 middle, bits 3 and 4 two more.</param>
    public void Set(int x, int y, int width, int height, int wheel, byte buttons) => _post(() => Move(x, y, width, height, wheel, buttons));

    private IAbsolutePointer? Tablet
    {
        get
        {
            foreach (IAbsolutePointer tablet in _tablets)
            {
                if (tablet.IsUsed)
                {
                    return tablet;
                }
            }

            return null;
        }
    }

    // The rest is on the machine's thread.
    private void Press(byte buttons)
    {
        _buttons = buttons;
        if (Tablet is { } tablet)
        {
            tablet.Move(_x, _y, 0, buttons);
        }
        else
        {
            _mouse.Move(0, 0, 0, buttons);
        }
    }

    private void Move(int x, int y, int width, int height, int wheel, byte buttons)
    {
        _buttons = buttons;
        width = Math.Max(2, width);
        height = Math.Max(2, height);
        int scaledX = (int)((long)Math.Clamp(x, 0, width - 1) * IAbsolutePointer.MaxCoordinate / (width - 1));
        int scaledY = (int)((long)Math.Clamp(y, 0, height - 1) * IAbsolutePointer.MaxCoordinate / (height - 1));
        if (Tablet is { } tablet)
        {
            tablet.Move(scaledX, scaledY, -wheel, buttons);
        }
        else
        {
            int fromX = (int)((((long)_x * (width - 1)) + (IAbsolutePointer.MaxCoordinate / 2)) / IAbsolutePointer.MaxCoordinate);
            int fromY = (int)((((long)_y * (height - 1)) + (IAbsolutePointer.MaxCoordinate / 2)) / IAbsolutePointer.MaxCoordinate);
            _mouse.Move(_hasPosition ? x - fromX : 0, _hasPosition ? fromY - y : 0, wheel, buttons);
        }

        (_x, _y) = (scaledX, scaledY);
        _hasPosition = true;
    }
}
