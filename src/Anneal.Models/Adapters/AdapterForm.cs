namespace Anneal.Models;

/// <summary>How an adapted model computes at the moment.</summary>
internal enum AdapterForm
{
    /// <summary>With its active adapter beside the weights.</summary>
    Adapted,

    /// <summary>With the weights alone.</summary>
    Base,

    /// <summary>With kernels that have the adapter in them.</summary>
    Merged,
}

/// <summary>Lets one thread see a model in another form until it is disposed of.</summary>
internal sealed class AdapterFormScope : IDisposable
{
    [ThreadStatic]
    private static AdapterFormScope? _current;

    private readonly AdapterFormScope? _outer = _current;
    private readonly PretrainedModel _model;
    private readonly AdapterForm _form;
    private volatile bool _isDisposed;

    internal AdapterFormScope(PretrainedModel model, AdapterForm form)
    {
        (_model, _form) = (model, form);
        _current = this;
    }

    /// <summary>The form in which this thread sees a model.</summary>
    internal static AdapterForm Of(PretrainedModel model)
    {
        for (AdapterFormScope? scope = _current; scope is not null; scope = scope._outer)
        {
            if (scope._model == model && !scope._isDisposed)
                return scope._form;
        }

        return AdapterForm.Adapted;
    }

    /// <summary>Gives the thread that made it the form back that it saw before; on another thread, or out of order, the scope just counts no longer.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        while (_current is { _isDisposed: true })
            _current = _current._outer;
    }
}
