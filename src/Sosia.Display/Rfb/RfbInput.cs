using System.Collections.Generic;
using Sosia.Devices.I8042;
using Sosia.Display.Input;

namespace Sosia.Display.Rfb;

/// <summary>What a viewer types and points at, on its way to the machine.</summary>
internal sealed class RfbInput
{
    // A relative pointer's events are around this.
    private const int RelativeOrigin = 0x7fff;

    private readonly MachineKeyboard? _keyboard;
    private readonly MachinePointer? _pointer;
    private readonly HashSet<Ps2Key> _held = [];
    private byte _buttons;
    private byte _mask;

    public RfbInput(MachineKeyboard? keyboard, MachinePointer? pointer)
    {
        _keyboard = keyboard;
        _pointer = pointer;
    }

    /// <summary>A key goes down or up.</summary>
    /// <param name="symbol">Its X11 symbol.</param>
    /// <param name="scanCode">Its set 1 scan code; 0 when the viewer did not tell.</param>
    /// <param name="isDown">True for down.</param>
    public void Key(uint symbol, uint scanCode, bool isDown)
    {
        bool isShifted = false;
        Ps2Key key = KeySyms.FromScanCode(scanCode);
        if (_keyboard is null || (key == Ps2Key.None && !KeySyms.TryFind(symbol, out key, out isShifted)))
        {
            return;
        }

        // Programs that send symbols may forget that Shift belongs to some.
        bool addsShift = isShifted && isDown && !_held.Contains(Ps2Key.LeftShift) && !_held.Contains(Ps2Key.RightShift);
        if (addsShift)
        {
            _keyboard.Press(Ps2Key.LeftShift);
        }

        _keyboard.Set(key, isDown);
        if (addsShift)
        {
            _keyboard.Release(Ps2Key.LeftShift);
        }

        if (isDown)
        {
            _held.Add(key);
        }
        else
        {
            _held.Remove(key);
        }
    }

    /// <summary>The pointer moves or its buttons change.</summary>
    public void Pointer(byte mask, int x, int y, int width, int height, bool isRelative)
    {
        if (_pointer is null)
        {
            return;
        }

        // RFB: bit 0 left, 1 middle, 2 right, 3 wheel up, 4 wheel down, 7 and (extended) 8 two more buttons.
        byte buttons = (byte)((mask & 1) | ((mask & 4) >> 1) | ((mask & 2) << 1) | ((mask & 0x80) >> 4));
        int wheel = Pressed(mask, 4) - Pressed(mask, 3);
        if (isRelative)
        {
            if (buttons != (_buttons & 0x1f) || wheel != 0)
            {
                _pointer.SetButtons(buttons);
            }

            _pointer.MoveBy(x - RelativeOrigin, y - RelativeOrigin);
            if (wheel != 0)
            {
                _pointer.Turn(wheel);
            }
        }
        else
        {
            _pointer.Set(x, y, width, height, wheel, buttons);
        }

        _buttons = buttons;
        _mask = mask;
    }

    /// <summary>The viewer has gone: what it held is released.</summary>
    public void ReleaseAll()
    {
        foreach (Ps2Key key in _held)
        {
            _keyboard?.Release(key);
        }

        _held.Clear();
        if (_buttons != 0)
        {
            _buttons = 0;
            _pointer?.SetButtons(0);
        }
    }

    // A wheel's step is a press of its button.
    private int Pressed(byte mask, int bit) => ((mask & ~_mask) >> bit) & 1;
}
