using System;
using System.Collections.Generic;
using Sosia.Core.Interrupts;

namespace Sosia.Devices.I8042;

/// <summary>
/// The gate in front of address line 20: open while the keyboard controller's output port or port 0x92 asks for it.
/// </summary>
public sealed class A20Gate
{
    private readonly List<ICpuInterruptPort> _processors = [];
    private bool _keyboardController = true;
    private bool _fast;

    /// <summary>True while address line 20 passes.</summary>
    public bool IsOpen => _keyboardController || _fast;

    /// <summary>Connects a processor's A20M# pin.</summary>
    public void Attach(ICpuInterruptPort processor)
    {
        ArgumentNullException.ThrowIfNull(processor);
        _processors.Add(processor);
        processor.SetSignal(CpuSignal.AddressLine20, IsOpen);
    }

    internal bool KeyboardController
    {
        get => _keyboardController;
        set => Set(value, _fast);
    }

    internal bool Fast
    {
        get => _fast;
        set => Set(_keyboardController, value);
    }

    // While a snapshot is restored the processors restore their own pins.
    internal void RestoreKeyboardController(bool value) => _keyboardController = value;

    internal void RestoreFast(bool value) => _fast = value;

    private void Set(bool keyboardController, bool fast)
    {
        bool before = IsOpen;
        _keyboardController = keyboardController;
        _fast = fast;
        if (IsOpen != before)
        {
            foreach (ICpuInterruptPort processor in _processors)
            {
                processor.SetSignal(CpuSignal.AddressLine20, IsOpen);
            }
        }
    }
}
